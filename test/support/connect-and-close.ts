// Opens and closes one connection. A number decides the client, the user, the address and the way of the close.
// The suite of 10,000 connections and the storms call it for all numbers from 0 on, many at once.
// The numbers cover plain and `halyard.v1` clients, closes with and without a close frame, 1,000 users and 64 addresses.
import { ORIGIN } from "../fixtures/identity.ts";
import { RawClient } from "./raw-client.ts";
import type { ConnectOptions } from "./raw-client.ts";
import { Page, V1Client } from "./v1-client.ts";

const USERS = 1_000;

/** The loopback address of the n-th connection. One address has 28,232 local ports, and a closed port is not free for a minute. */
export function addressOf(n: number): string {
  return `127.0.0.${String(2 + (n % 64))}`;
}

/** The options of the n-th connection. */
export function numberedOptions(port: number, n: number): ConnectOptions {
  const headers = { cookie: `session=user-${String(n % USERS)}`, origin: ORIGIN };
  return { url: `ws://127.0.0.1:${String(port)}/ws`, headers, localAddress: addressOf(n) };
}

export async function connectAndClose(port: number, n: number): Promise<void> {
  const options = numberedOptions(port, n);
  const v1 = n % 3 === 0 ? new V1Client(options, new Page()) : undefined;
  const client = await (v1 ?? new RawClient(options)).open();
  if (n % 2 === 0) await (v1 === undefined ? client.next("welcome") : v1.hello());
  if (n % 5 === 0) await client.cut();
  else await client.close(n % 7 === 0 ? 1001 : 1000);
}
