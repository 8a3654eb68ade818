/**
 * The id of a client's send, known to both ends before they talk: the first 128 bits of SHA-256 over
 * `<clientId>:<seq>` in ASCII, as 22 characters of base64url.
 *
 * A hash, because ids are shown to everyone in a room: whoever has seen one must not be able to tell the client id
 * or the next message's id, or they could take that id first. Written out here because the browser's own SHA-256 is
 * asynchronous, and a send needs its id at once.
 */
export function messageIdOf(clientId: string, seq: number): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  sha256(`${clientId}:${String(seq)}`)
    .slice(0, 4)
    .forEach((word, index) => {
      view.setUint32(index * 4, word);
    });
  return btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (char) => URL_SAFE[char] ?? "");
}

const URL_SAFE: Readonly<Record<string, string>> = { "+": "-", "/": "_" };

/** SHA-256 (FIPS 180-4) of an ASCII text, as eight words. */
function sha256(text: string): Int32Array {
  const length = ((text.length + 8) >> 6) * 16 + 16;
  const words = new Int32Array(length);
  for (let index = 0; index <= text.length; index++) {
    const byte = index < text.length ? text.charCodeAt(index) : 0x80;
    words[index >> 2] = at(words, index >> 2) | (byte << (24 - (index & 3) * 8));
  }
  words[length - 1] = text.length * 8;
  const state = INITIAL.slice();
  for (let start = 0; start < length; start += 16) compress(state, words.subarray(start, start + 16));
  return state;
}

function compress(state: Int32Array, block: Int32Array): void {
  const w = new Int32Array(64);
  w.set(block);
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    if (t > 15) {
      const x = at(w, t - 15);
      const y = at(w, t - 2);
      w[t] =
        at(w, t - 16) +
        at(w, t - 7) +
        (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) +
        (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
    }
    const added =
      h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + at(ROUND, t) + at(w, t);
    const next = added + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + added) | 0, c, b, a, next | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => (state[index] = at(state, index) + word));
}

const at = (words: Int32Array, index: number): number => words[index] ?? 0;
const rotate = (word: number, bits: number): number => (word >>> bits) | (word << -bits);

/** The standard's constants are the first 32 bits of the fractional parts of roots of primes: computed, not listed. */
const fractions = (root: (prime: number) => number, count: number): Int32Array =>
  Int32Array.from(PRIMES.slice(0, count), (prime) => (root(prime) % 1) * 2 ** 32);
const PRIMES: number[] = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime > 0)) PRIMES.push(n);
const INITIAL = fractions(Math.sqrt, 8);
const ROUND = fractions(Math.cbrt, 64);
