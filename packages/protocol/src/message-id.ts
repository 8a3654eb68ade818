/**
 * The id of a client's send, known to both ends before they talk: the first 128 bits of SHA-256 over
 * `<clientId>:<seq>` in ASCII, as 22 characters of base64url.
 *
 * A hash, because ids are shown to everyone in a room: whoever has seen one must not be able to tell the client id
 * or the next message's id, or they could take that id first. Written out here because the browser's own SHA-256 is
 * asynchronous, and a send needs its id at once.
 */
export function messageIdOf(clientId: string, seq: number): string {
  const bytes = sha256(`${clientId}:${String(seq)}`).subarray(0, 16);
  const id = btoa(String.fromCharCode(...bytes));
  return id.slice(0, 22).replaceAll("+", "-").replaceAll("/", "_");
}

/** SHA-256 (FIPS 180-4) of an ASCII text, and whatever bytes behind it. */
function sha256(text: string): Uint8Array {
  // Behind the text one bit, and at the end of the last block the length in bits.
  const size = (text.length + 72) & -64;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(text));
  bytes[text.length] = 0x80;
  view.setUint32(size - 4, text.length * 8);
  let hash = INITIAL;
  for (let start = 0; start < size; start += 64) hash = compress(hash, view, start);
  hash.forEach((word, index) => view.setInt32(index * 4, word));
  return bytes;
}

/** The hash after one more block. */
function compress(hash: number[], view: DataView, start: number): number[] {
  const words: number[] = [];
  const mixed = ROUND.reduce(([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0], constant, round) => {
    const x = at(words, round - 15);
    const y = at(words, round - 2);
    const word =
      round < 16
        ? view.getInt32(start + round * 4)
        : at(words, round - 16) +
          at(words, round - 7) +
          (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) +
          (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
    words.push(word | 0);
    const added = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constant + word;
    const next = added + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    return [next | 0, a, b, c, (d + added) | 0, e, f, g];
  }, hash);
  return mixed.map((word, index) => (word + at(hash, index)) | 0);
}

const at = (words: number[], index: number): number => words[index] ?? 0;
const rotate = (word: number, bits: number): number => (word >>> bits) | (word << -bits);

/** The standard's constants are the first 32 bits of the fractional parts of roots of primes: computed, not listed. */
const PRIMES: number[] = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime > 0)) PRIMES.push(n);
const fractions = (root: number): number[] =>
  PRIMES.map((prime) => ((prime ** (1 / root) % 1) * 2 ** 32) | 0);
const INITIAL = fractions(2).slice(0, 8);
const ROUND = fractions(3);
