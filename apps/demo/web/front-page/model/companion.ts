// The companion writes lines at intervals, so that there are always lines that a fault could lose.
import { createStore } from "./store.ts";
import type { PaneSession } from "./pane-session.ts";

const LINES = [
  "Hello! I am Grace. I write a line every few seconds, on a connection of my own.",
  "Every line has a number. Watch the numbers: none is missing, and none comes twice.",
  "Pull your plug and write on. Your lines wait for you.",
  "While you are away I write on. You will get every line that you missed.",
  "The marked lines are those that were replayed to you.",
  "Write to me, and I see it at once.",
  "Try the button that cuts the line twenty times.",
  "Or kill the server. I will not notice much.",
  "You can pull my plug, too: it is at the top of my pane.",
  "Open “Under the hood” to see each frame as it passes.",
];

const EVERY_MS = 3_200;
const TYPING_MS = 900;
/** The most lines in a row, so that the companion stops on a page that is left open. */
const MAX_LINES = 120;

export class Companion {
  readonly isTalking = createStore(true);
  readonly #pane: PaneSession;
  readonly #timer: ReturnType<typeof setInterval>;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #count = 0;

  constructor(pane: PaneSession) {
    this.#pane = pane;
    this.#timer = setInterval(() => this.#talk(), EVERY_MS);
  }

  toggle(): void {
    this.#count = this.isTalking.get() ? this.#count : 0;
    this.isTalking.set(!this.isTalking.get());
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#typingTimer);
  }

  #talk(): void {
    if (!this.isTalking.get() || document.visibilityState === "hidden") return;
    if (this.#count >= MAX_LINES) return this.isTalking.set(false);
    const text = LINES[this.#count++ % LINES.length] ?? "";
    this.#pane.room.send("typing_indicator", { isTyping: true });
    this.#typingTimer = setTimeout(() => this.#pane.write(text), TYPING_MS);
  }
}
