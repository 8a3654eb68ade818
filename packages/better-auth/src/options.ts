// The options of `betterAuthAuthenticator`, their defaults, and the system's clock.
// The authenticator resolves them once and hands the result to upgrade/, identity/ and watch/.
// Guarantees that each default is defined only in this file; imports no other file of the package.
import { serverTime } from "@halyard/protocol/internal";
import type { Clock, Logger } from "@halyard/server";

/** Options of `betterAuthAuthenticator`. All are optional. */
export interface BetterAuthAuthenticatorOptions {
  /**
   * Receives one warning for each rejected origin of a page or a ticket, at most 100 in all, and once a minute the reason why
   * sessions cannot be checked: for example pino, winston or `console`. `false` logs nothing.
   *
   * @default Better Auth's own logger
   */
  readonly logger?: Pick<Logger, "warn"> | false | undefined;
  /**
   * Whether a client with a bearer token or a ticket may connect without an `Origin` header, as native clients and
   * servers do. A cookie without `Origin` is always rejected: browsers send `Origin` with every upgrade request.
   *
   * @default true
   */
  readonly allowMissingOrigin?: boolean | undefined;
  /**
   * Whether the warning for a rejected origin also shows the line of configuration that would allow it.
   *
   * @default true unless NODE_ENV is "production"
   */
  readonly development?: boolean | undefined;
  /**
   * The `Retry-After` of an upgrade that is rejected because the session store does not answer, in milliseconds. Each
   * client gets a random time between this value and twice this value.
   *
   * @default 2_000
   */
  readonly retryAfterMs?: number | undefined;
  /**
   * The interval between two checks of an open connection's session, in milliseconds. Each interval is varied by ± 20 %.
   * A session is checked once per interval and node, however many connections it has.
   *
   * @default 60_000
   */
  readonly lookUpMs?: number | undefined;
  /**
   * How long connections stay open while the session store does not answer, in milliseconds, counted from the last check
   * of their session that succeeded. After that they close with 1013.
   *
   * @default 300_000
   */
  readonly storeGraceMs?: number | undefined;
  /**
   * The source of time, timers and random numbers; tests inject their own.
   *
   * @default the runtime's clock, timers and Math.random
   */
  readonly clock?: SessionClock | undefined;
}

/** The part of a clock that the authenticator uses: durations, dates, timers and random numbers from 0 to 1. */
export type SessionClock = Pick<Clock, "now" | "date" | "setTimeout" | "clearTimeout" | "random">;

type OptionName = Exclude<keyof BetterAuthAuthenticatorOptions, "logger">;

/** The options with their defaults filled in. `logger` stays optional: its default is part of Better Auth's context. */
export type AuthenticatorSettings = Pick<BetterAuthAuthenticatorOptions, "logger"> & {
  readonly [TName in OptionName]: NonNullable<BetterAuthAuthenticatorOptions[TName]>;
};

export function settingsOf(options: BetterAuthAuthenticatorOptions): AuthenticatorSettings {
  const {
    logger,
    allowMissingOrigin = true,
    development = process.env["NODE_ENV"] !== "production",
    retryAfterMs = 2_000,
    lookUpMs = 60_000,
    storeGraceMs = 300_000,
    clock = systemClock,
  } = options;
  return { logger, allowMissingOrigin, development, retryAfterMs, lookUpMs, storeGraceMs, clock };
}

export const systemClock: SessionClock = {
  ...serverTime,
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  random: () => Math.random(),
};

/** The system's clock, with timers that do not keep the process alive. */
export const backgroundClock: SessionClock = {
  ...systemClock,
  setTimeout: (callback, ms) => {
    const timer: { unref?(): unknown } = setTimeout(callback, ms);
    timer.unref?.();
    return timer;
  },
};
