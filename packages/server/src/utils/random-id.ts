import type { Clock } from "../types.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A short id that is unlikely to be drawn twice. It is not a secret. */
export function randomId(clock: Clock, length: number): string {
  let id = "";
  while (id.length < length) id += ALPHABET.charAt(Math.floor(clock.random() * ALPHABET.length));
  return id;
}
