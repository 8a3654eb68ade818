import type { Clock } from "../types.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A short name that is unlikely to be drawn twice. Never a secret: for those there is `crypto`. */
export function randomId(clock: Clock, length: number): string {
  let id = "";
  while (id.length < length) id += ALPHABET.charAt(Math.floor(clock.random() * ALPHABET.length));
  return id;
}
