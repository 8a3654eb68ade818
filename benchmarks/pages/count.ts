/** Counts what a page receives, for the benchmark to read. Imported by every page that is measured. */
declare global {
  interface Window {
    /** Messages that the page has received. */
    received: number;
    /** The characters of all of them, so that each message is read. */
    characters: number;
  }
}

window.received = 0;
window.characters = 0;

/** Called by each page for each message. */
export function countMessage({ text }: { readonly text: string }): void {
  window.received++;
  window.characters += text.length;
}
