/**
 * The id of a client's send, known to both ends before they talk: the first 128 bits of SHA-256 over
 * `<clientId>:<seq>` in ASCII, as 22 characters of base64url.
 *
 * A hash, because ids are shown to everyone in a room: whoever has seen one must not be able to tell the client id
 * or the next message's id, or they could take that id first. Written out here because the browser's own SHA-256 is
 * asynchronous, and a send needs its id at once.
 */
export function messageIdOf(clientId: string, seq: number): string {
  const words = sha256(`${clientId}:${String(seq)}`);
  let id = "";
  for (let bit = 0; bit < 132; bit += 6) id += ALPHABET.charAt(bitsAt(words, bit));
  return id;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The six bits from `bit` on; past the 128th they are zero, as base64 pads. */
function bitsAt(words: Uint32Array, bit: number): number {
  let value = 0;
  for (let index = bit; index < bit + 6; index++) {
    const word = index < 128 ? (words[index >>> 5] ?? 0) : 0;
    value = (value << 1) | ((word >>> (31 - (index & 31))) & 1);
  }
  return value;
}

/** SHA-256 of an ASCII text, as eight words. */
function sha256(text: string): Uint32Array {
  const state = Uint32Array.from(INITIAL);
  const blocks = ((text.length + 8) >>> 6) + 1;
  const words = new Uint32Array(blocks * 16);
  for (let index = 0; index < text.length; index++) put(words, index, text.charCodeAt(index));
  put(words, text.length, 0x80);
  words[words.length - 1] = text.length * 8;
  for (let block = 0; block < blocks; block++) compress(state, words.subarray(block * 16, block * 16 + 16));
  return state;
}

function put(words: Uint32Array, index: number, byte: number): void {
  words[index >>> 2] = (words[index >>> 2] ?? 0) | (byte << (24 - (index & 3) * 8));
}

function compress(state: Uint32Array, block: Uint32Array): void {
  const w = new Uint32Array(64);
  w.set(block);
  for (let t = 16; t < 64; t++) {
    const x = at(w, t - 15);
    const y = at(w, t - 2);
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[t] = at(w, t - 16) + s0 + at(w, t - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + at(ROUND, t) + at(w, t)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index] = at(state, index) + word;
}

const at = (words: Uint32Array, index: number): number => words[index] ?? 0;
const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/** The standard's constants are the first 32 bits of the fractional parts of roots of primes: computed, not listed. */
const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) >>> 0;
const PRIMES = Array.from({ length: 310 }, (_, n) => n + 2).filter((n) => !hasDivisor(n));
const INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
const ROUND = Uint32Array.from(PRIMES.slice(0, 64), (prime) => fraction(Math.cbrt(prime)));

function hasDivisor(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return true;
  return false;
}
