// The one way to call code of the application: hooks, options that are functions, loggers.
// Made once per node; what awaits an answer (`authenticate`, `authorize`, handlers) awaits it with `withDeadline`.
// Guarantees: nothing that such code throws, rejects with or answers escapes; each failure reaches `onError`.
import { callSafely, isThenable, printable } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { Logger } from "../logger.ts";
import type { Clock, ErrorContext } from "../types.ts";
import { describeError, isFailure, SchemaFailedError } from "../utils/errors.ts";
import { HookQueue } from "./hook-queue.ts";

/** How much of a user id or a room's name a line shows. */
const MAX_TEXT_LENGTH = 64;

/** Receives the errors of the application's code. Never throws. */
export type Report = (error: unknown, context: ErrorContext) => void;

/** What {@link ApplicationGuard} uses. */
export interface ApplicationGuardParts {
  readonly onError: ((error: unknown, context: ErrorContext) => unknown) | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** How a function that must answer at once may answer. */
export interface DecisionRules<TAnswer> {
  /** The name of the option, for `onError` and the log. */
  readonly option: string;
  readonly isAnswer: (value: unknown) => boolean;
  /** The answer in place of a promise or of anything else that is no answer. */
  readonly refusal: TAnswer;
}

/** Calls code of the application, and reports its failures. */
export class ApplicationGuard {
  readonly #onError: ApplicationGuardParts["onError"];
  readonly #hooks: HookQueue;
  readonly #logged = new Set<string>();
  /** The application's logger, whose methods throw nothing here. */
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

  /** Passes an error of the application's code to `onError` alone; without one, or when it fails itself, to the logger. */
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

  /** Calls code without waiting for its answer: after the code that caused the call has returned, and inside no other hook. */
  notify(call: () => unknown, context: ErrorContext): void {
    this.#hooks.add(call, (error) => {
      this.report(error, context);
    });
  }

  /** A listener that may be called without a guard. Undefined stays undefined. */
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
   * A function that must answer at once, such as `trustProxy`. A promise, and any other value that is no answer, is
   * reported and counts as the refusal.
   *
   * @returns the function, which throws HalyardErrors only: the application's own, or `unavailable` for any other error
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

  /** Reports an answer that is none: a promise from a function that must answer at once, or a value of another type. */
  reportAnswer(option: string, answer: unknown, ws?: ErrorContext["ws"]): void {
    const isPromise = callSafely(() => isThenable(answer), ignore) === true;
    // A rejection of this promise would be unhandled, and end the process.
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
    // A socket that the application made may have no data.
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

  /** A logger that fails is reported to `onError`; without one, its error is dropped. */
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
  // The error has no receiver.
}
