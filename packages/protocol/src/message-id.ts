// Computes the id of a client's send, with a SHA-256 of its own (FIPS 180-4, whose names are used here).
// Called by the client for each send, and by the server for each send of a `halyard.v1` client.
// Guarantee: the same client id and number give the same id in every runtime, synchronously.

/**
 * The id of a client's send, which client and server compute alike: the first 128 bits of SHA-256 over
 * `<clientId>:<seq>` in ASCII, as 22 characters of base64url.
 *
 * A hash, because every member of a room sees the ids: neither the client id nor the next id can be computed from one, so
 * another client cannot use the next id first. Written out here because the browser's own SHA-256 is asynchronous, and a
 * send needs its id at once.
 */
export function messageIdOf(clientId: string, seq: number): string {
  const bytes = sha256(`${clientId}:${seq}`)
    .slice(0, 4)
    .flatMap((word) => [24, 16, 8, 0].map((bits) => (word >>> bits) & 255));
  const id = btoa(String.fromCharCode(...bytes)).slice(0, 22);
  return id.replaceAll("+", "-").replaceAll("/", "_");
}

type Hash = [number, number, number, number, number, number, number, number];

/** SHA-256 of an ASCII text, as 32-bit words. */
function sha256(text: string): Hash {
  const words: number[] = [];
  // The padding: a single 1 bit behind the text, and the length in bits at the end of the last block.
  for (let index = 0; index <= text.length; index++) {
    const byte = index < text.length ? text.charCodeAt(index) : 0x80;
    words[index >> 2] = wordAt(words, index >> 2) | (byte << (24 - (index % 4) * 8));
  }
  words[((text.length + 8) >> 6) * 16 + 15] = text.length * 8;
  let hash = INITIAL_HASH;
  for (let start = 0; start < words.length; start += 16) {
    const compressed = ROUND_CONSTANTS.reduce(compressionFunction(words.slice(start)), hash);
    hash = hash.map((word, index) => (word + wordAt(compressed, index)) | 0) as Hash;
  }
  return hash;
}

/** One round over the working variables `a` to `h`; the message schedule is extended by one word per round. */
function compressionFunction(schedule: number[]) {
  return ([a, b, c, d, e, f, g, h]: Hash, constant: number, round: number): Hash => {
    const w15 = wordAt(schedule, round - 15);
    const w2 = wordAt(schedule, round - 2);
    if (round > 15)
      schedule[round] =
        (wordAt(schedule, round - 16) +
          wordAt(schedule, round - 7) +
          (rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)) +
          (rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10))) |
        0;
    const t1 =
      h +
      (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
      (g ^ (e & (f ^ g))) +
      constant +
      wordAt(schedule, round);
    const sum = t1 + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
    return [sum | 0, a, b, c, (d + t1) | 0, e, f, g];
  };
}

const wordAt = (words: readonly number[], index: number): number => words[index] ?? 0;
const rotate = (word: number, bits: number): number => (word >>> bits) | (word << -bits);

/** The standard's constants are the first 32 bits of the fractional parts of roots of primes: computed, not listed. */
const PRIMES: number[] = [];
for (let candidate = 2; PRIMES.length < 64; candidate++)
  if (PRIMES.every((prime) => candidate % prime)) PRIMES.push(candidate);
const fractions = (root: number): number[] => PRIMES.map((prime) => (prime ** (1 / root) * 2 ** 32) | 0);
const INITIAL_HASH = fractions(2).slice(0, 8) as Hash;
const ROUND_CONSTANTS = fractions(3);
