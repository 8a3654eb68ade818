declare global {
  interface Window {
    /** How many messages the page has taken in. */
    taken: number;
    /** The characters of all of them: each message was looked into. */
    characters: number;
  }
}

window.taken = 0;
window.characters = 0;

/** What the page does with a message. */
export function take({ text }: { readonly text: string }): void {
  window.taken++;
  window.characters += text.length;
}
