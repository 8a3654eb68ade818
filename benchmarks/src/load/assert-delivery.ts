/** Checks before a measurement that the server delivers a message once to every receiver. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClientPool } from "./client-pool.ts";

interface Delivery {
  readonly expected: number;
  readonly send: () => void;
  readonly delivered: () => number;
}

const ATTEMPTS = 5;
const DELIVERY_MS = 5_000;

/**
 * Sends a message, which every receiver must get once. Another message of the server may arrive meanwhile, so there are several
 * attempts.
 *
 * @throws Error if receivers got fewer or more messages in every attempt
 */
export async function assertDelivery(
  clients: ClientPool,
  { expected, send, delivered }: Delivery,
): Promise<void> {
  let got = 0;
  for (let attempt = 0; attempt < ATTEMPTS && got !== expected; attempt++) {
    const before = delivered();
    const deadline = performance.now() + DELIVERY_MS;
    send();
    while (delivered() - before < expected && performance.now() < deadline) await pause(10);
    await clients.settle();
    got = delivered() - before;
  }
  if (got !== expected) throw new Error(`${String(got)} of ${String(expected)} messages were delivered`);
}
