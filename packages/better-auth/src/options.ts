import type { Clock, Logger } from "@halyard/server";

export interface BetterAuthAuthenticatorOptions {
  /** Where refused origins are written, once each. @default Better Auth's own logger */
  readonly logger?: Pick<Logger, "warn"> | undefined;
  /**
   * Whether a client with a bearer token or a ticket may come without an `Origin`, as native clients and servers do. A
   * cookie alone never may: a browser always sends `Origin`.
   *
   * @default true
   */
  readonly allowMissingOrigin?: boolean | undefined;
  /** Refused origins are logged together with the line to write. @default NODE_ENV is not "production" */
  readonly development?: boolean | undefined;
  /** How long clients wait while the session store is down: between this and twice this, ms. @default 2_000 */
  readonly retryAfterMs?: number | undefined;
  /** How often an open connection's session is looked up again, ms ± 20 %. @default 60_000 */
  readonly lookUpMs?: number | undefined;
  /** How long open connections stay while the session store is down, ms. @default 300_000 */
  readonly storeGraceMs?: number | undefined;
  /** Time and chance, for tests. @default the runtime's */
  readonly clock?: SessionClock | undefined;
}

export type SessionClock = Pick<Clock, "now" | "setTimeout" | "clearTimeout" | "random">;

export const systemClock: SessionClock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  random: () => Math.random(),
};

export function isDevelopment(): boolean {
  return process.env["NODE_ENV"] !== "production";
}
