/**
 * The id of a client's send, known to both ends before they talk: the first 128 bits of SHA-256 over
 * `<clientId>:<seq>` in ASCII, as 22 characters of base64url.
 *
 * A hash, because ids are shown to everyone in a room: whoever has seen one must not be able to tell the client id
 * or the next message's id, or they could take that id first. Written out here because the browser's own SHA-256 is
 * asynchronous, and a send needs its id at once.
 */
export function messageIdOf(clientId: string, seq: number): string {
  const bytes = sha256(`${clientId}:${seq}`)
    .slice(0, 4)
    .flatMap((word) => [24, 16, 8, 0].map((bits) => (word >>> bits) & 255));
  const id = btoa(String.fromCharCode(...bytes)).slice(0, 22);
  return id.replaceAll("+", "-").replaceAll("/", "_");
}

type Hash = [number, number, number, number, number, number, number, number];

/** SHA-256 (FIPS 180-4) of an ASCII text, in words. */
function sha256(text: string): Hash {
  const words: number[] = [];
  // Behind the text one bit, and at the end of the last block the length in bits.
  for (let index = 0; index <= text.length; index++) {
    const byte = index < text.length ? text.charCodeAt(index) : 0x80;
    words[index >> 2] = at(words, index >> 2) | (byte << (24 - (index % 4) * 8));
  }
  words[((text.length + 8) >> 6) * 16 + 15] = text.length * 8;
  let hash = INITIAL;
  for (let start = 0; start < words.length; start += 16) {
    const mixed = ROUND.reduce(mixer(words.slice(start)), hash);
    hash = hash.map((word, index) => (word + at(mixed, index)) | 0) as Hash;
  }
  return hash;
}

/** One round, with the block's words spread as they are needed. */
function mixer(words: number[]) {
  return ([a, b, c, d, e, f, g, h]: Hash, constant: number, round: number): Hash => {
    const x = at(words, round - 15);
    const y = at(words, round - 2);
    if (round > 15)
      words[round] =
        (at(words, round - 16) +
          at(words, round - 7) +
          (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) +
          (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10))) |
        0;
    const added =
      h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + constant + at(words, round);
    const next = added + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
    return [next | 0, a, b, c, (d + added) | 0, e, f, g];
  };
}

const at = (words: readonly number[], index: number): number => words[index] ?? 0;
const rotate = (word: number, bits: number): number => (word >>> bits) | (word << -bits);

/** The standard's constants are the first 32 bits of the fractional parts of roots of primes: computed, not listed. */
const PRIMES: number[] = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const fractions = (root: number): number[] => PRIMES.map((prime) => (prime ** (1 / root) * 2 ** 32) | 0);
const INITIAL = fractions(2).slice(0, 8) as Hash;
const ROUND = fractions(3);
