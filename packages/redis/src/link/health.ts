// Determines whether Redis can be used, from its latest answers. Used by redis-backplane.ts.
import { dateOf } from "@halyard/protocol/internal";
import type { BackplaneHealth, Clock } from "@halyard/server";
import { SetupError } from "../common/setup-error.ts";
import { isRefusal, withLine } from "./advice.ts";

/** A probe that takes longer counts as slow, in ms. */
const SLOW_MS = 200;

/** The health of the backplane. */
export class Health {
  /** A shortcoming of the setup, valid for as long as this connection lasts. */
  warning: string | undefined;
  readonly #clock: Clock;
  readonly #failures: () => readonly unknown[];
  #state: BackplaneHealth["state"] = "down";
  #since: number;
  #rttMs: number | undefined;
  /** The error of the last beat, if it failed. */
  #failure: unknown;

  /** @param failures the reasons why there is no connection for commands and for pushes */
  constructor(clock: Clock, failures: () => readonly unknown[]) {
    this.#clock = clock;
    this.#failures = failures;
    this.#since = dateOf(clock);
  }

  readonly heard = (beat: { readonly rttMs: number } | { readonly error: unknown }): void => {
    this.#failure = "error" in beat ? beat.error : undefined;
    if ("rttMs" in beat) this.#rttMs = beat.rttMs;
  };

  failed(error: unknown): void {
    this.#failure = error;
  }

  read({
    hasCommands,
    hasPushes,
    dropped,
  }: {
    readonly hasCommands: boolean;
    readonly hasPushes: boolean;
    readonly dropped: number;
  }): BackplaneHealth {
    const problem = this.#problem(hasCommands, hasPushes) ?? this.warning;
    const isDown = !hasCommands || this.#failure !== undefined;
    const state = isDown ? "down" : problem === undefined ? "up" : "degraded";
    if (state !== this.#state) {
      this.#state = state;
      this.#since = dateOf(this.#clock);
    }
    const note = dropped === 0 ? undefined : `${String(dropped)} messages of other nodes were not understood`;
    return { state, since: this.#since, lastError: problem ?? note, rttMs: this.#rttMs };
  }

  #problem(hasCommands: boolean, hasPushes: boolean): string | undefined {
    const [setup, pushes] = this.#failures();
    if (setup instanceof SetupError) return setup.message;
    // The check of a new connection names all refused commands; the failed call only names one.
    if (isRefusal(setup)) return textOf(setup);
    if (this.#failure !== undefined || !hasCommands) return textOf(this.#failure ?? setup);
    if (!hasPushes) return withReason("Redis pushes nothing to this node", pushes);
    return (this.#rttMs ?? 0) > SLOW_MS
      ? `Redis answers in ${String(Math.round(this.#rttMs ?? 0))} ms`
      : undefined;
  }
}

/** Adds the reason of a failure if it says more than that the connection was lost, such as missing rights. */
function withReason(problem: string, failure: unknown): string {
  return isRefusal(failure) ? `${problem}: ${textOf(failure)}` : problem;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return "Redis is not connected";
  // The text of an error. The error for a host with two addresses has a code but no message.
  const { code, message }: NodeJS.ErrnoException = error.cause instanceof Error ? error.cause : error;
  return withLine((message === "" ? code : message) ?? "Redis is not connected");
}
