import { HalyardError } from "@halyard/protocol/wire";
import { Alarm } from "../common/clock.ts";
import type { Clock } from "../common/clock.ts";
import { outgoing } from "./encode-outgoing.ts";
import type { Limits } from "./encode-outgoing.ts";

/** The server runs 16 at a time and lets 64 wait; what is over that waits here. */
const UNANSWERED = 64;
const TIMEOUT_MS = 10_000;

export type Answer = { readonly result: unknown } | { readonly error: HalyardError };

interface QuestionOptions {
  readonly timeoutMs?: number | undefined;
  /** Whether it is asked again after a reconnect; if not, it is answered with `unavailable` when the connection goes. */
  readonly isLasting?: boolean | undefined;
}

export interface RequestsHost {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly options: { readonly requestTimeoutMs?: number | undefined };
  write(frame: string): void;
}

interface Pending {
  readonly text: string;
  readonly done: (answer: Answer) => void;
  readonly isLasting: boolean | undefined;
  readonly alarm: Alarm;
  isSent?: boolean;
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
  ask(message: object, done: (answer: Answer) => void, options: QuestionOptions = {}): string {
    const { clock, limits, options: defaults } = this.#host;
    const { timeoutMs = defaults.requestTimeoutMs ?? TIMEOUT_MS, isLasting } = options;
    const id = `r${++this.#count}`;
    const { text, error } = outgoing(message, { id }, limits);
    const alarm = new Alarm(clock);
    this.#pending.set(id, { text, done, isLasting, alarm });
    alarm.set(timeoutMs, () => this.answer(id, { error: new HalyardError("timeout") }));
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
      if (!pending.isLasting) this.answer(id, { error: new HalyardError("unavailable") });
    }
  }

  settle(error: HalyardError): void {
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
