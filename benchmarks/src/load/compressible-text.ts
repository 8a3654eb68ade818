const WORDS = (
  "the boat wind comes from south west this evening and we meet at harbour before seven with bread rope lamp chart " +
  "please bring your own cup who takes first watch message received thanks see you there invoice 4711 order shipped"
).split(" ");

let state = 1;

/** A text of words in random order, which deflates to about a third, as prose does. */
export function compressibleText(bytes: number): string {
  let text = "";
  while (text.length < bytes) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += `${WORDS[(state >>> 16) % WORDS.length] ?? ""} `;
  }
  return text.slice(0, bytes);
}
