// Computes the id of a client's send, with its own SHA-256 (FIPS 180-4, whose names are used here).
// Called by the client for each send, and by the server for each send of a `halyard.v1` client.
// Guarantee: the same client id and number give the same id in every runtime, synchronously.

/**
 * The id of a client's send, which client and server compute alike: the first 128 bits of SHA-256 over
 * `<clientId>:<seq>` in ASCII, as 22 characters of base64url.
 *
 * A hash, because every member of a room sees the ids: neither the client id nor the next id can be derived from an id, so
 * another client cannot use the next id first. Implemented here because the browser's SHA-256 is asynchronous, and a
 * send needs its id at once.
 */
export function messageIdOf(clientId: string, seq: number): string {
  let bytes = "";
  for (const word of sha256(`${clientId}:${seq}`).slice(0, 4))
    for (let shift = 24; shift >= 0; shift -= 8) bytes += String.fromCharCode((word >>> shift) & 255);
  return btoa(bytes).slice(0, 22).replaceAll("+", "-").replaceAll("/", "_");
}

/** SHA-256 of an ASCII text, as 32-bit words. */
function sha256(text: string): number[] {
  const { length } = text;
  let hash = INITIAL_HASH;
  const last = (length + 8) >> 6;
  for (let block = 0; block <= last; block++) {
    for (let index = 0; index < 64; index++) {
      const at = block * 64 + index;
      // The text is followed by the padding: a single 1 bit, then zeros, and the length in bits at the end of the last block.
      const byte = at < length ? text.charCodeAt(at) : at === length ? 0x80 : 0;
      schedule[index >> 2] = (wordAt(index >> 2) << 8) | byte;
    }
    if (block === last) schedule[15] = length * 8;
    hash = compress(hash);
  }
  return hash;
}

/** The message schedule, with a block in the first 16 words. Allocated once, because an allocation costs as much as 64 rounds. */
const schedule = new Int32Array(64);
const wordAt = (index: number): number => schedule[index] ?? 0;
const rotate = (word: number, bits: number): number => (word >>> bits) | (word << -bits);

/** 64 rounds over the working variables `a` to `h`, each with a word of the message schedule. */
function compress(hash: readonly number[]): number[] {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
  for (let round = 0; round < 64; round++) {
    if (round > 15) {
      const w15 = wordAt(round - 15);
      const w2 = wordAt(round - 2);
      schedule[round] =
        wordAt(round - 16) +
        wordAt(round - 7) +
        (rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)) +
        (rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10));
    }
    const t1 =
      h +
      (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
      (g ^ (e & (f ^ g))) +
      (ROUND_CONSTANTS[round] ?? 0) +
      wordAt(round);
    const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  return [a, b, c, d, e, f, g, h].map((word, index) => (word + (hash[index] ?? 0)) | 0);
}

/** The standard's constants are the first 32 bits of the fractional parts of roots of primes; they are computed, not listed. */
const PRIMES: number[] = [];
for (let candidate = 2; PRIMES.length < 64; candidate++)
  if (PRIMES.every((prime) => candidate % prime)) PRIMES.push(candidate);
const fractions = (root: number): number[] => PRIMES.map((prime) => (prime ** (1 / root) * 2 ** 32) | 0);
const INITIAL_HASH = fractions(2).slice(0, 8);
const ROUND_CONSTANTS = fractions(3);
