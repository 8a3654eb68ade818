// Creates random ids.
// Called by the memory backplane for its epoch and node id, and by messages/ for the ids of the server's messages.
// Guarantees: `newMessageId` cannot be guessed; `randomId` takes its randomness from the clock, so that tests are repeatable.

import type { Clock } from "../types.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A short id that is unlikely to occur twice. It is not a secret. */
export function randomId(clock: Clock, length: number): string {
  let id = "";
  while (id.length < length) id += ALPHABET.charAt(Math.floor(clock.random() * ALPHABET.length));
  return id;
}

const ID_CHARACTERS = 22;
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Random bytes for the next 186 ids, because asking the system for each one would cost more than everything else about an id. */
const pool = new Uint8Array(4_096);
let used = pool.length;

/** A random id that cannot be guessed, in the form of a client's id: 132 bits, 22 characters of base64url. */
export function newMessageId(): string {
  if (used + ID_CHARACTERS > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  let id = "";
  for (const end = used + ID_CHARACTERS; used < end; used++)
    id += BASE64URL.charAt((pool[used] ?? 0) % BASE64URL.length);
  return id;
}
