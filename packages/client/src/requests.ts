import type { WelcomeMessage } from "@halyard/protocol";
import { encodeFrame } from "@halyard/protocol/wire";
import { Alarm } from "./clock.js";
import type { Clock } from "./clock.js";
import { frameError, sendError } from "./send-error.js";
import type { SendError } from "./send-error.js";

export type Answer = { readonly result: unknown } | { readonly error: SendError };

export interface Question {
  /** What is asked, as JSON. */
  readonly json: string;
  readonly timeoutMs: number;
  /** Whether it is asked again after a reconnect; if not, it is answered with `unavailable` when the connection goes. */
  readonly isLasting: boolean;
  readonly done: (answer: Answer) => void;
}

export interface RequestsContext {
  readonly clock: Clock;
  readonly limits: () => WelcomeMessage["limits"];
  readonly write: (frame: string) => void;
}

interface Pending extends Question {
  readonly frame: string;
  readonly alarm: Alarm;
  isSent: boolean;
}

/** The server runs 16 at a time and lets 64 wait; what is over that waits here. */
const UNANSWERED = 64;

/** Everything that is asked with an id and waits for its answer. */
export class Requests {
  readonly #context: RequestsContext;
  readonly #pending = new Map<string, Pending>();
  #count = 0;
  #isOpen = false;

  constructor(context: RequestsContext) {
    this.#context = context;
  }

  /** @returns takes the question back, without an answer */
  ask(question: Question): () => void {
    const id = `r${++this.#count}`;
    const alarm = new Alarm(this.#context.clock);
    const frame = encodeFrame(question.json, { id });
    const error = frameError(frame, new TextEncoder().encode(frame).length, this.#context.limits().messageBytes);
    if (error) {
      question.done({ error });
      return () => {};
    }
    this.#pending.set(id, { ...question, frame, alarm, isSent: false });
    alarm.set(question.timeoutMs, () => this.answer(id, { error: sendError("timeout") }));
    this.#flush();
    return () => void this.#take(id);
  }

  answer(id: string, answer: Answer): void {
    this.#take(id)?.done(answer);
    this.#flush();
  }

  open(): void {
    this.#isOpen = true;
    this.#flush();
  }

  lost(): void {
    this.#isOpen = false;
    for (const [id, pending] of this.#pending) {
      pending.isSent = false;
      if (!pending.isLasting) this.answer(id, { error: sendError("unavailable") });
    }
  }

  settle(error: SendError): void {
    for (const id of [...this.#pending.keys()]) this.answer(id, { error });
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    pending?.alarm.clear();
    this.#pending.delete(id);
    return pending;
  }

  #flush(): void {
    if (!this.#isOpen) return;
    const waiting = [...this.#pending.values()].slice(0, UNANSWERED).filter(({ isSent }) => !isSent);
    for (const pending of waiting) {
      pending.isSent = true;
      this.#context.write(pending.frame);
    }
  }
}
