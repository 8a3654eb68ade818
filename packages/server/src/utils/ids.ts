// Random ids.
// Called by the memory backplane for its epoch and node id, and by messages for ids that the server gives out.
// Guarantee: `newMessageId` cannot be guessed; `randomId` takes its randomness from the clock, so that tests repeat it.

import type { Clock } from "../types.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A short id that is unlikely to be drawn twice. It is not a secret. */
export function randomId(clock: Clock, length: number): string {
  let id = "";
  while (id.length < length) id += ALPHABET.charAt(Math.floor(clock.random() * ALPHABET.length));
  return id;
}

/** A random id that cannot be guessed, in the form of a client's id: 128 bits, 22 characters of base64url. */
export function newMessageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
