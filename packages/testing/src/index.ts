export { createRandom } from "./random.js";
export { createTestClock } from "./test-clock.js";
export type { TestClock, TestClockOptions } from "./test-clock.js";
export { createTestNetwork } from "./test-network.js";
export type { TestClient, TestClientOptions, TestNetwork, TestNetworkOptions } from "./test-network.js";
