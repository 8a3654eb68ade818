import { Alarm } from "./clock.js";
import type { Clock } from "./clock.js";
import { outgoing } from "./outgoing.js";
import type { Limits } from "./outgoing.js";
import { sendError } from "./send-error.js";
import type { SendError } from "./send-error.js";

/** The server runs 16 at a time and lets 64 wait; what is over that waits here. */
const UNANSWERED = 64;

export type Answer = { readonly result: unknown } | { readonly error: SendError };

export interface Question {
  readonly message: object;
  readonly timeoutMs: number;
  /** Whether it is asked again after a reconnect; if not, it is answered with `unavailable` when the connection goes. */
  readonly isLasting: boolean;
  readonly done: (answer: Answer) => void;
}

export interface RequestsHost {
  readonly clock: Clock;
  readonly limits: Limits;
  write(frame: string): void;
}

interface Pending extends Question {
  readonly text: string;
  readonly alarm: Alarm;
  isSent: boolean;
}

/** Everything that is asked with an id and waits for its answer. */
export class Requests {
  readonly #host: RequestsHost;
  readonly #pending = new Map<string, Pending>();
  #count = 0;
  #isOpen = false;

  constructor(host: RequestsHost) {
    this.#host = host;
  }

  /** @returns the id */
  ask(question: Question): string {
    const { clock, limits } = this.#host;
    const id = `r${String(++this.#count)}`;
    const { text, error } = outgoing(question.message, { id }, limits);
    const alarm = new Alarm(clock);
    this.#pending.set(id, { ...question, text, alarm, isSent: false });
    alarm.set(question.timeoutMs, () => this.answer(id, { error: sendError("timeout") }));
    if (error) this.answer(id, { error });
    else this.#flush();
    return id;
  }

  /** Answers what waits under this id, if anything does. */
  answer(id: string, answer: Answer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.alarm.clear();
    pending?.done(answer);
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
    for (const id of this.#pending.keys()) this.answer(id, { error });
  }

  #flush(): void {
    if (!this.#isOpen) return;
    const first = [...this.#pending.values()].slice(0, UNANSWERED);
    for (const pending of first.filter(({ isSent }) => !isSent)) {
      pending.isSent = true;
      this.#host.write(pending.text);
    }
  }
}
