// The one way in which the server calls code of the application: hooks, options that are functions, loggers.
// Made once per node. Code that waits for an answer (`authenticate`, `authorize`, handlers) uses `withDeadline`.
// Guarantees: no exception, rejection or invalid answer of such code escapes; each failure reaches `onError`.
import { callSafely, isThenable, printable } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { Logger } from "../logger.ts";
import type { Clock, ErrorContext } from "../types.ts";
import { describeError, isFailure, SchemaFailedError } from "../utils/errors.ts";
import { HookQueue } from "./hook-queue.ts";

/** How many characters of a user id or a room name a log line shows. */
const MAX_TEXT_LENGTH = 64;

/** Receives the errors of the application's code. Never throws. */
export type Report = (error: unknown, context: ErrorContext) => void;

/** The dependencies of {@link ApplicationGuard}. */
export interface ApplicationGuardParts {
  readonly onError: ((error: unknown, context: ErrorContext) => unknown) | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The rules for a function that must answer at once. */
export interface DecisionRules<TAnswer> {
  /** The name of the option, for `onError` and the log. */
  readonly option: string;
  readonly isAnswer: (value: unknown) => boolean;
  /** The answer that replaces a promise or any other invalid answer. */
  readonly refusal: TAnswer;
}

/** Calls code of the application and reports its failures. */
export class ApplicationGuard {
  readonly #onError: ApplicationGuardParts["onError"];
  readonly #hooks: HookQueue;
  readonly #logged = new Set<string>();
  /** The application's logger, wrapped so that its methods never throw. */
  readonly logger: Logger;

  constructor({ onError, logger, clock }: ApplicationGuardParts) {
    this.#onError = onError;
    this.#hooks = new HookQueue(clock);
    this.logger = {
      debug: this.#guardLog(logger, "debug"),
      info: this.#guardLog(logger, "info"),
      warn: this.#guardLog(logger, "warn"),
      error: this.#guardLog(logger, "error"),
    };
  }

  /** Passes an error of the application's code to `onError`. The logger gets it only without `onError`, or when `onError` fails. */
  readonly report: Report = (failure, context) => {
    const error: unknown = failure instanceof SchemaFailedError ? failure.cause : failure;
    const onError = this.#onError;
    if (onError === undefined) {
      this.#log(error, context);
      return;
    }
    this.#hooks.add(
      () => onError(error, context),
      (failed) => {
        this.#log(error, context);
        this.#log(failed, { type: "onError", ws: context.ws });
      },
    );
  };

  /** Calls code without waiting for its answer: after the code that caused the call has returned, and never inside another hook. */
  notify(call: () => unknown, context: ErrorContext): void {
    this.#hooks.add(call, (error) => {
      this.report(error, context);
    });
  }

  /** Wraps a listener so that it can be called without a guard. Undefined stays undefined. */
  listener<TEvent>(
    option: string,
    listener: ((event: TEvent) => unknown) | undefined,
  ): ((event: TEvent) => void) | undefined {
    if (listener === undefined) return undefined;
    return (event) => {
      this.notify(() => listener(event), { type: option, ws: undefined });
    };
  }

  /**
   * Wraps a function that must answer at once, such as `trustProxy`. A promise, and any other invalid answer, is
   * reported and counts as the refusal.
   *
   * @returns a function that throws only HalyardErrors: the application's own, or `unavailable` for any other error
   */
  decision<TArguments extends readonly unknown[], TAnswer>(
    decide: (...values: TArguments) => TAnswer,
    { option, isAnswer, refusal }: DecisionRules<TAnswer>,
  ): (...values: TArguments) => TAnswer {
    return (...values) => {
      let answer: TAnswer;
      try {
        answer = decide(...values);
      } catch (error) {
        if (!isFailure(error)) throw error;
        this.report(error, { type: option, ws: undefined });
        throw new HalyardError("unavailable", undefined, { cause: error });
      }
      if (isAnswer(answer)) return answer;
      this.reportAnswer(option, answer);
      return refusal;
    };
  }

  /** Reports an invalid answer: a promise from a function that must answer at once, or a value of the wrong type. */
  reportAnswer(option: string, answer: unknown, ws?: ErrorContext["ws"]): void {
    const isPromise = callSafely(() => isThenable(answer), ignore) === true;
    // Without a handler, a rejection of this promise would end the process.
    if (isPromise) callSafely(() => answer, ignore);
    const message = isPromise
      ? `${option} must answer at once, and gave a promise, which counts as no`
      : `${option} gave an answer of another type than its own, which counts as no`;
    if (this.#onError !== undefined) {
      this.report(new TypeError(message), { type: option, ws });
      return;
    }
    if (this.#logged.has(message)) return;
    this.#logged.add(message);
    this.logger.error({ type: option }, message);
  }

  #log(error: unknown, { type, room, ws }: ErrorContext): void {
    const err = error instanceof Error ? error : describeError(error);
    // A socket that the application created may have no `data`.
    const { userId } = Object(ws?.data) as { readonly userId?: unknown };
    const subject = { ...shown("userId", userId), ...shown("room", room) };
    this.logger.error({ type, ...subject, err }, "the application's code failed");
  }

  #guardLog(logger: Logger, level: keyof Logger): Logger["error"] {
    return (fields, message) => {
      callSafely(
        () => logger[level](fields, message) as unknown,
        (error) => {
          this.#onLoggerFailed(error);
        },
      );
    };
  }

  /** Reports a logger that fails to `onError`; without `onError`, its error is dropped. */
  #onLoggerFailed(error: unknown): void {
    const onError = this.#onError;
    if (onError === undefined) return;
    this.#hooks.add(() => onError(error, { type: "logger", ws: undefined }), ignore);
  }
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function shown(name: string, text: unknown): Readonly<Record<string, string>> {
  return typeof text === "string" ? { [name]: printable(text, MAX_TEXT_LENGTH) } : {};
}

function ignore(): void {
  // Called for errors of `onError` itself, and of answers that the caller reports: no hook is left to receive them.
}
