import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";

/** Starts a server of a test on a free port of 127.0.0.1. @returns the port, once the server listens */
export async function listenOnLoopback(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}
