// The options of a client, and their types.
// Read by the client and its parts, each of which reads its own options.
// Every field except `url` is optional; its comment states the default.
import type { Backoff } from "./common/backoff.ts";
import type { Clock } from "./common/clock.ts";
import type { Receipt } from "./common/receipt.ts";

/** The platform's `WebSocket`, the `WebSocket` of the package `ws`, or a subclass of either. */
export type WebSocketConstructor = new (
  url: string,
  protocols: string[],
  options: { maxPayload: number; closeTimeout: number },
) => {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
};

/** The part of `fetch` that the client uses. */
export type Fetch = (
  url: string,
  init: { credentials: "include"; headers?: Record<string, string>; signal?: AbortSignal },
) => Promise<{ readonly status: number; readonly headers: { get(name: string): string | null } }>;

/** The source of events that show a page sleeping and waking: `globalThis` in a browser. */
export interface PageEvents {
  /** Subscribes to one event of the page. */
  addEventListener(type: string, listener: () => void, capture: boolean): void;
  /** Ends such a subscription. */
  removeEventListener(type: string, listener: () => void, capture: boolean): void;
}

/** The bounds of the outbox: the messages that wait to be written and those that wait for a reply. */
export interface OutboxLimits {
  /** The number of messages, waiting or unacknowledged. A message above it is rejected. @default 200 */
  readonly messages: number;
  /** The total size of their texts, in bytes. A message that exceeds it is rejected. @default 262_144 */
  readonly bytes: number;
  /** How long a message waits to be written, in milliseconds. After it the receipt is `expired`. @default 60_000 */
  readonly ageMs: number;
}

/**
 * Where the outbox is kept. `sessionStorage` and AsyncStorage of React Native have this interface. Without Web Locks, as in
 * React Native, it must be used by only one page or process.
 */
export interface OutboxStorage {
  /** The text of a key; null if there is none. */
  getItem(key: string): string | null | Promise<string | null>;
  /** Stores a text. The next call waits for the promise that this one returned, if any. */
  setItem(key: string, value: string): unknown;
  /** Removes a text. */
  removeItem(key: string): unknown;
}

/** The option `outbox`: its bounds, and where it is kept. */
export interface OutboxOptions extends Partial<OutboxLimits> {
  /**
   * Keeps messages without a reply across a reload: the next page sends them first, with their original ids, and
   * only for the same user. `"session"` is `sessionStorage` and survives a reload of the tab. `"indexeddb"` outlives the tab: another
   * page of the origin may send them. Both need Web Locks. The messages are stored as plain text, beginning with the first attempt to
   * connect, when the code for it is loaded.
   *
   * @default none: waiting messages are lost with the page
   */
  readonly storage?: "session" | "indexeddb" | OutboxStorage | undefined;
  /**
   * Receives the receipts of messages that an earlier page left, for which nothing on this page waits: `unknown` after a
   * restart of a server that keeps its state in memory, for example.
   *
   * @default messages that were not delivered are reported to `onError`
   */
  readonly onReceipt?: ((receipt: Receipt<unknown>, message: KeptMessage) => unknown) | undefined;
}

/** A message that an earlier page sent. */
export interface KeptMessage {
  readonly type: string;
  /** The name of its room, if any. */
  readonly room: string | undefined;
  /** The fields of the message. */
  readonly fields: object;
}

/** The options of `createWebSocketClient`. Only `url` is required. */
export interface WebSocketClientOptions {
  /**
   * The server's address: `wss:`, `ws:`, `https:` or `http:`, absolute or relative to the page. A function is called
   * for every attempt; if it fails, the attempt fails. The client adds the parameters `c` and `a` to the query; the
   * application cannot use these names.
   *
   * @default none: the option is required
   */
  readonly url: string | URL | (() => string | URL | Promise<string | URL>);
  /** Whether the client connects when it is created. @default true */
  readonly autoConnect?: boolean | undefined;
  /**
   * Uses one socket for all tabs of this origin with the same address, contract and user. One of them, the leader, holds it, and another
   * tab takes over when the leader is closed, crashes or is frozen. The code for it is loaded when it is used. The API and its guarantees
   * are the same: each tab has its own rooms, messages and receipts. The limits of a connection apply to its tabs together. A tab has
   * its own socket if sharing is not possible: see "One socket for all tabs" in the README of the package.
   *
   * @default false
   */
  readonly share?: boolean | undefined;
  /** The class of the sockets. @default globalThis.WebSocket */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /**
   * For servers that do not receive the page's cookies: fetches a single-use ticket (`ticketFrom` of
   * `@halyard/better-auth/client`), or a token of your own, which the server's `authenticate` reads as `request.ticket`.
   * Letters, digits and `-._~` only, as in a JWT. Called for every attempt. When it rejects with an error whose `status` is
   * 401 or 403 (no user is signed in), or when the server refuses the ticket and then a new one, the client stops in the
   * state `authRequired`; so it does at once where the new one is the same.
   * Any other error, and a text that cannot be a ticket, is reported, and the client tries again.
   *
   * @default none
   */
  readonly ticket?: (() => string | Promise<string>) | undefined;
  /** The version of the application's contract, sent to the server in the hello. @default none */
  readonly contract?: string | undefined;
  /**
   * The bounds of the outbox, and where it is kept; missing fields have their defaults.
   *
   * @default { messages: 200, bytes: 262_144, ageMs: 60_000 }
   */
  readonly outbox?: OutboxOptions | undefined;
  /** How long a request waits for its reply, in milliseconds. @default 10_000 */
  readonly requestTimeoutMs?: number | undefined;
  /** How long an attempt may take, from its start to the welcome, and a renewal by `authenticate()`, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How long the client waits between two attempts; missing fields have their defaults.
   *
   * @default { minMs: 100, baseMs: 500, maxMs: 20_000 }
   */
  readonly backoff?: Partial<Backoff> | undefined;
  /** The shortest time between two `typing_indicator` messages of a channel, in milliseconds. @default 3_000 */
  readonly typingThrottleMs?: number | undefined;
  /**
   * Receives what listeners throw or reject with, and the errors of `url` and `ticket`. What it throws itself is written to
   * the console.
   *
   * @default errors of listeners are thrown again in their own task, so that the platform reports them
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * Used to ask over HTTP why a handshake failed, because browsers hide the reason.
   *
   * @default globalThis.fetch; none with your own `WebSocket` class, which may send credentials that `fetch` does not have
   */
  readonly fetch?: Fetch | undefined;
  /** Time and randomness. @default the system's */
  readonly clock?: Clock | undefined;
  /** The source of `visibilitychange`, `pagehide`, `pageshow`, `resume` and `online`. @default globalThis */
  readonly page?: PageEvents | undefined;
}

/** The options that the connection reads for each attempt. */
export type AttemptSettings = {
  -readonly [TName in keyof WebSocketClientOptions]: WebSocketClientOptions[TName];
};
