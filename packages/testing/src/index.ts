export { checkDelivery, createDeliveryChecker } from "./delivery/delivery-checker.js";
export type { DeliveryChecker, DeliveryCheckerOptions } from "./delivery/delivery-checker.js";
export { createDeliveryRecorder } from "./delivery/delivery-recorder.js";
export type { DeliveryRecorder, DeliveryRecorderOptions } from "./delivery/delivery-recorder.js";
export type { DeliveryEvent, DeliveryReport, Violation, ViolationKind } from "./delivery/delivery-event.js";
export type { Chance } from "./nemesis/chance.js";
export { createNemesis } from "./nemesis/nemesis.js";
export type {
  Fault,
  Nemesis,
  NemesisClock,
  NemesisEntry,
  NemesisOptions,
  Strike,
} from "./nemesis/nemesis.js";
export { createRandom } from "./random.js";
export { createTestClock } from "./test-clock.js";
export type { TestClock, TestClockOptions } from "./test-clock.js";
export { createTestNetwork } from "./test-network.js";
export type { TestClient, TestClientOptions, TestNetwork, TestNetworkOptions } from "./test-network.js";
