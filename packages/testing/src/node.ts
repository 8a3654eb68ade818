export type { Direction, FaultConnection } from "./proxy/fault-connection.js";
export { createFaultProxy } from "./proxy/fault-proxy.js";
export type { FaultProxy, FaultProxyOptions } from "./proxy/fault-proxy.js";
export { proxyFaults } from "./proxy/proxy-faults.js";
export type { ProxyFault } from "./proxy/proxy-faults.js";
export type { ProxyClock } from "./proxy/proxy-clock.js";
