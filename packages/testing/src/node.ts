// The entry `@halyard/testing/node`: faults on real sockets, for which Node is required.
export type { Direction, FaultConnection } from "./proxy/fault-connection.ts";
export { createFaultProxy } from "./proxy/fault-proxy.ts";
export type { FaultProxy, FaultProxyOptions, ProxyClock } from "./proxy/fault-proxy.ts";
export { proxyFaults } from "./proxy/proxy-faults.ts";
export type { ProxyFault } from "./proxy/proxy-faults.ts";
