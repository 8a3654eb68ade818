import type { Backoff } from "./common/backoff.ts";
import type { Clock } from "./common/clock.ts";
import type { OutboxLimits } from "./messaging/outbox.ts";
import type { PageEvents } from "./connection/page-lifecycle.ts";
import type { Fetch } from "./connection/handshake-probe.ts";

/** The platform's `WebSocket`, the one of `ws`, or a subclass of either. */
export type WebSocketConstructor = new (
  url: string,
  protocols: string[],
  options: { maxPayload: number },
) => {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
};

export interface WebSocketClientOptions {
  /**
   * Where the server is: `wss:`, `ws:`, `https:` or `http:`, or relative to the page. A function is asked anew for every
   * attempt; when it fails, the attempt has failed.
   */
  readonly url: string | URL | (() => string | URL | Promise<string | URL>);
  /** Connect when the client is created. @default true */
  readonly autoConnect?: boolean | undefined;
  /** What makes the sockets. @default globalThis.WebSocket */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /**
   * Gets a single-use ticket, for servers that cannot see the page's cookies. Asked anew for every attempt. When it
   * rejects with an error whose `status` is 401 or 403, the client stops at `authRequired`.
   */
  readonly ticket?: (() => Promise<string>) | undefined;
  /** The version of the application's contract, told to the server. @default none */
  readonly contract?: string | undefined;
  /** How much may wait to be sent. @default { messages: 200, bytes: 262_144, ageMs: 60_000 } */
  readonly outbox?: Partial<OutboxLimits> | undefined;
  /** How long a request waits for its reply. @default 10_000 */
  readonly requestTimeoutMs?: number | undefined;
  /** How long an attempt may take, from its beginning to the welcome. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** How long to wait between attempts. @default { minMs: 100, baseMs: 500, maxMs: 20_000 } */
  readonly backoff?: Partial<Backoff> | undefined;
  /** How often a `typing_indicator` goes out while somebody types. @default 3_000 */
  readonly typingThrottleMs?: number | undefined;
  /**
   * Gets what listeners throw, and why `url` or `ticket` failed. @default what listeners throw is thrown again, in a
   * task of its own, for the platform to report
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * Asks why a handshake failed, because browsers hide it. @default globalThis.fetch, or nothing with a `WebSocket` of
   * your own, which may carry credentials that `fetch` does not have
   */
  readonly fetch?: Fetch | undefined;
  /**
   * Time and chance. Between two attempts, one millisecond is always the platform's: reconnecting-websocket takes it.
   *
   * @default the system's
   */
  readonly clock?: Clock | undefined;
  /** Where `visibilitychange`, `pagehide`, `pageshow`, `resume` and `online` are heard. @default globalThis */
  readonly page?: PageEvents | undefined;
}
