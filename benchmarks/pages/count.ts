/** Counts the messages of a page in globals that the benchmark reads. Every measured page imports it. */
declare global {
  interface Window {
    /** The number of received messages. */
    received: number;
    /** The number of their characters, so that the page reads each message. */
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
