export { checkDelivery, createDeliveryChecker } from "./delivery/delivery-checker.ts";
export type { DeliveryChecker, DeliveryCheckerOptions } from "./delivery/delivery-checker.ts";
export { createDeliveryRecorder } from "./delivery/delivery-recorder.ts";
export type { DeliveryRecorder, DeliveryRecorderOptions } from "./delivery/delivery-recorder.ts";
export type { DeliveryEvent, DeliveryReport, Violation, ViolationKind } from "./delivery/delivery-event.ts";
export type { Chance } from "./nemesis/chance.ts";
export { createNemesis } from "./nemesis/nemesis.ts";
export type {
  Fault,
  Nemesis,
  NemesisClock,
  NemesisEntry,
  NemesisOptions,
  Strike,
} from "./nemesis/nemesis.ts";
export { createSharedBackplane } from "./backplane/shared-backplane.ts";
export type { SharedBackplane, SharedBackplaneOptions } from "./backplane/shared-backplane.ts";
export { createRandom } from "./utils/random.ts";
export { createTestClock } from "./clock/test-clock.ts";
export type { TestClock, TestClockOptions } from "./clock/test-clock.ts";
export { createTestNetwork } from "./network/test-network.ts";
export type {
  TestClient,
  TestClientOptions,
  TestNetwork,
  TestNetworkOptions,
} from "./network/test-network.ts";
