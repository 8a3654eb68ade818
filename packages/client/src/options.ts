// What a user of the package configures, and the types that the options are made of.
// Read by the client and its parts, each of which reads its own options.
// Every field but `url` is optional, and its default stands in its comment.
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

/** Where the client subscribes to the events of a page that sleeps and wakes: `globalThis` in a browser. */
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
  /** The size of their texts together, in bytes. A message that exceeds it is rejected. @default 262_144 */
  readonly bytes: number;
  /** How long a message waits to be written, in milliseconds. After it the receipt is `expired`. @default 60_000 */
  readonly ageMs: number;
}

/**
 * Where the outbox is kept: `sessionStorage` has this shape, and AsyncStorage of React Native. Without Web Locks, as in
 * React Native, it is of one page or process only.
 */
export interface OutboxStorage {
  /** The text of a key; null when there is none. */
  getItem(key: string): string | null | Promise<string | null>;
  /** Stores a text. The next call comes after the promise that this one returned, if any. */
  setItem(key: string, value: string): unknown;
  /** Removes a text. */
  removeItem(key: string): unknown;
}

/** The option `outbox`: its bounds, and where it is kept. */
export interface OutboxOptions extends Partial<OutboxLimits> {
  /**
   * Keeps the messages without a reply through a reload: the next page sends them first, under the ids that they had, for
   * the same user only. `"session"` is `sessionStorage`: a reload of the tab. `"indexeddb"` outlives the tab: every
   * page of the origin may send them. Both need Web Locks. The messages are stored as plain text, from the first attempt to
   * connect on, when the code for it is loaded.
   *
   * @default none: what waits ends with the page
   */
  readonly storage?: "session" | "indexeddb" | OutboxStorage | undefined;
  /**
   * Receives the receipts of messages that an earlier page has left, which nothing of this page waits for: `unknown` after a
   * restart of a server with its state in memory, for example.
   *
   * @default what is not delivered is reported to `onError`
   */
  readonly onReceipt?: ((receipt: Receipt<unknown>, message: KeptMessage) => unknown) | undefined;
}

/** A message that an earlier page has sent. */
export interface KeptMessage {
  readonly type: string;
  /** The name of its room. */
  readonly room: string | undefined;
  /** Its fields. */
  readonly fields: object;
}

/** The options of `createWebSocketClient`. Only `url` is required. */
export interface WebSocketClientOptions {
  /**
   * The server's address: `wss:`, `ws:`, `https:` or `http:`, absolute or relative to the page. A function is called
   * for every attempt; when it fails, the attempt has failed. The client adds the parameters `c` and `a` to its query, which an
   * application cannot use for itself.
   *
   * @default none, it is required
   */
  readonly url: string | URL | (() => string | URL | Promise<string | URL>);
  /** Whether the client connects when it is created. @default true */
  readonly autoConnect?: boolean | undefined;
  /**
   * One socket for all tabs of this origin that have this address, contract and user: one of them, the leader, has it, and another
   * takes its place when the leader is closed, crashes or is frozen. Its code is loaded when it is used. The API and its guarantees
   * stay: each tab has its own rooms, messages and receipts. The limits of a connection hold for its tabs together. A tab has a
   * socket of its own where tabs cannot share: see "One socket for all tabs" in the README of the package.
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
   * 401 or 403 (no user is signed in), or when the server refuses the ticket, the client stops in the state `authRequired`;
   * every other error, and a text that can be no ticket, is reported, and the client tries again.
   *
   * @default none
   */
  readonly ticket?: (() => string | Promise<string>) | undefined;
  /** The version of the application's contract, sent to the server in the hello. @default none */
  readonly contract?: string | undefined;
  /**
   * The bounds of the outbox, and where it is kept; a missing field has its default.
   *
   * @default { messages: 200, bytes: 262_144, ageMs: 60_000 }
   */
  readonly outbox?: OutboxOptions | undefined;
  /** How long a request waits for its reply, in milliseconds. @default 10_000 */
  readonly requestTimeoutMs?: number | undefined;
  /** How long an attempt may take, from its start to the welcome, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How long the client waits between two attempts; a missing field has its default.
   *
   * @default { minMs: 100, baseMs: 500, maxMs: 20_000 }
   */
  readonly backoff?: Partial<Backoff> | undefined;
  /** The shortest time between two `typing_indicator` messages of a channel, in milliseconds. @default 3_000 */
  readonly typingThrottleMs?: number | undefined;
  /**
   * Receives what listeners throw or reject with, and why `url` or `ticket` failed. What it throws itself is written to
   * the console.
   *
   * @default what listeners throw is thrown again, in a task of its own, for the platform to report
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * Asks over HTTP why a handshake failed, because browsers hide the reason.
   *
   * @default globalThis.fetch, or none with a `WebSocket` of your own, which may carry credentials that `fetch` lacks
   */
  readonly fetch?: Fetch | undefined;
  /** Time and randomness. @default the system's */
  readonly clock?: Clock | undefined;
  /** The source of `visibilitychange`, `pagehide`, `pageshow`, `resume` and `online`. @default globalThis */
  readonly page?: PageEvents | undefined;
}

/** The options as the connection reads them, with each attempt. */
export type AttemptSettings = {
  -readonly [TName in keyof WebSocketClientOptions]: WebSocketClientOptions[TName];
};
