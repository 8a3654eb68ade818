import type { Clock, Logger } from "@halyard/server";

export interface BetterAuthAuthenticatorOptions {
  /** Where refused origins are written, once each. @default Better Auth's own logger */
  readonly logger?: Pick<Logger, "warn"> | undefined;
  /**
   * Whether a client with a bearer token may come without an `Origin`, as native clients and servers do. A cookie alone
   * never may: a browser always sends `Origin`.
   *
   * @default true
   */
  readonly allowMissingOrigin?: boolean | undefined;
  /** Refused origins are logged together with the line to write. @default NODE_ENV is not "production" */
  readonly development?: boolean | undefined;
  /** How long clients wait while the session store is down: between this and twice this, ms. @default 2_000 */
  readonly retryAfterMs?: number | undefined;
  /** Time and chance, for tests. @default the runtime's */
  readonly clock?: Pick<Clock, "random"> | undefined;
}

export const DEFAULTS = { allowMissingOrigin: true, retryAfterMs: 2_000 };

export function isDevelopment(): boolean {
  return process.env["NODE_ENV"] !== "production";
}
