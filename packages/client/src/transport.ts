import { ClientCloseCode, CloseCode, isRecoverableClose, retryAfterOf } from "@halyard/protocol/wire";
import ReconnectingWebSocket from "reconnecting-websocket";
import { findAddress, resolveUrl } from "./address.js";
import type { Address } from "./address.js";
import { backoffMs, DEFAULT_BACKOFF } from "./backoff.js";
import { Alarm } from "./clock.js";
import type { Clock } from "./clock.js";
import type { AuthRequiredReason, ConnectionEvent } from "./connection-state.js";
import type { WebSocketClientOptions, WebSocketConstructor } from "./options.js";
import { askRefusal, refusedBy } from "./refusal.js";
import type { Fetch, Refusal } from "./refusal.js";
import { openSocket, socketClass } from "./socket.js";
import type { Socket } from "./socket.js";

/** After so long, an open connection counts as a success, and the waits start small again. */
const UPTIME_MS = 5_000;
/** The same after the server closed with a code of its own: it has a reason to see less of this client. */
const CAREFUL_UPTIME_MS = 30_000;
const NO_URL = "The URL cannot be resolved here";
const CONNECT_TIMEOUT_MS = 10_000;
/** How long the question why a handshake failed may take. */
const ASK_MS = 5_000;

export interface TransportContext {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  readonly clientId: () => string;
  readonly dispatch: (event: ConnectionEvent) => void;
  readonly opened: () => void;
  readonly frame: (text: string) => void;
  readonly lost: () => void;
  /** Hears why `url` or `ticket` failed. */
  readonly complain: (error: unknown) => void;
}

/**
 * One connection after the other, for as long as it makes sense.
 *
 * reconnecting-websocket opens the sockets and asks for the next address when one is gone. The rest is here: the wait
 * with full jitter and everything else that takes time happens inside of its address provider, which never rejects;
 * real close codes are read from the sockets themselves; and one of its instances is never used again after it was
 * closed. Whatever is not of the current instance and the current socket is ignored.
 */
export class Transport {
  readonly #context: TransportContext;
  readonly #alarm: Alarm;
  #instance: ReconnectingWebSocket | undefined;
  #socket: Socket | undefined;
  #address: Address = { url: "", protocols: [] };
  /** Counts connections, for the server: the highest wins. */
  #attempt = 0;
  /** Counts tries in a row, for the application. */
  #tries = 0;
  /** Counts what the waits grow by. */
  #failures = 0;
  #isOpen = false;
  #welcomedAt = Infinity;
  #uptimeMs = UPTIME_MS;
  #retryAt = 0;
  #isDictated = false;
  #refusal: Promise<Refusal | undefined> | undefined;
  #endWait: (() => void) | undefined;

  constructor(context: TransportContext) {
    this.#context = context;
    this.#alarm = new Alarm(context.clock);
  }

  get #class(): WebSocketConstructor {
    return this.#context.options.WebSocket ?? globalThis.WebSocket;
  }

  get attempt(): number {
    return this.#attempt;
  }

  /** Connects now, in place of whatever there is. */
  start(): void {
    if (!this.#class) throw new TypeError("There is no WebSocket here: pass one in the options");
    this.drop(ClientCloseCode.Leaving);
    this.#retryAt = this.#tries = 0;
    this.#context.dispatch({ type: "started" });
    this.#launch();
  }

  /** Gives up the connection, and every attempt at one. */
  drop(code: number): void {
    const instance = this.#instance;
    this.#instance = undefined;
    this.#forget();
    instance?.close(code);
  }

  /** The connection does not work: gives it up and gets another one, after the usual wait. */
  replace(): void {
    this.drop(ClientCloseCode.Leaving);
    this.#retry(1006, undefined);
    this.#launch();
  }

  /** Ends a wait, unless the server asked for it. */
  hurry(): void {
    if (this.#isDictated) return;
    this.#retryAt = 0;
    this.#endWait?.();
  }

  welcomed(): void {
    this.#alarm.clear();
    this.#tries = 0;
    this.#welcomedAt = this.#context.clock.now();
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  #launch(): void {
    const instance: ReconnectingWebSocket = new ReconnectingWebSocket(() => this.#next(instance), undefined, {
      WebSocket: socketClass(() => this.#open()),
      connectionTimeout: 0x7fffffff,
      minReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      minUptime: 0,
      maxEnqueuedMessages: 0,
    });
    this.#instance = instance;
  }

  /** The address of the next attempt, when it is time for it; never, for an instance that was given up. */
  async #next(instance: ReconnectingWebSocket): Promise<string> {
    const isCurrent = () => this.#instance === instance;
    // After an error, reconnecting-websocket gives up a socket that has not closed yet.
    if (isCurrent() && this.#socket) this.#lost(1006, "");
    while (isCurrent()) {
      const refusal = await this.#refusal;
      this.#refusal = undefined;
      if (isCurrent()) this.#heed(refusal);
      if (isCurrent()) await this.#wait();
      if (!isCurrent()) break;
      try {
        const address = await this.#prepare();
        if (!isCurrent()) break;
        this.#address = address;
        return address.url;
      } catch (error) {
        if (isCurrent()) this.#failed(error);
      }
    }
    return new Promise(() => {});
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const waitMs = this.#retryAt - this.#context.clock.now();
      if (waitMs <= 0) return resolve();
      this.#endWait = resolve;
      this.#alarm.set(waitMs, resolve);
    });
  }

  #prepare(): Promise<Address> {
    const { clientId, options, dispatch } = this.#context;
    this.#endWait = undefined;
    this.#attempt++;
    dispatch({ type: "attempted", attempt: ++this.#tries });
    this.#alarm.set(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, () => this.replace());
    return findAddress(options, { c: clientId(), a: String(this.#attempt) });
  }

  /** Called by reconnecting-websocket with the address that it has just been given. */
  #open(): Socket | undefined {
    const { opened, frame } = this.#context;
    const isCurrent = () => this.#socket === socket;
    let status: unknown;
    const socket = openSocket(this.#class, this.#address, {
      open: () => {
        if (!isCurrent()) return;
        this.#isOpen = true;
        opened();
      },
      message: ({ data }) => {
        if (isCurrent() && typeof data === "string") frame(data);
      },
      error: ({ message }) => {
        status = Number(/response: (\d{3})/.exec(String(message))?.[1]);
      },
      close: ({ code, reason }) => {
        if (isCurrent()) this.#lost(code, reason, status);
      },
    });
    this.#socket = socket;
    // The platform refuses even to try: this attempt has failed.
    if (!socket) this.#alarm.set(0, () => this.replace());
    return socket;
  }

  #lost(code: number, reason: string, status?: unknown): void {
    const wasOpen = this.#isOpen;
    this.#forget();
    if (code === CloseCode.Unauthenticated) this.#refused("unauthenticated");
    else if (code === CloseCode.Forbidden) this.#refused("forbidden");
    else if (isRecoverableClose(code)) {
      this.#retry(code, retryAfterOf(reason));
      if (!wasOpen) this.#refusal = this.#ask(status);
    } else this.#stopped(code, reason);
  }

  #heed({ reason, retryAfterMs }: Refusal = {}): void {
    if (reason !== undefined) this.#refused(reason);
    else if (retryAfterMs !== undefined) this.#delay(retryAfterMs, true);
  }

  /** Why was the handshake refused? Answers in time, or not at all. */
  #ask(status: unknown): Promise<Refusal | undefined> {
    const { clock, options } = this.#context;
    // A socket class of the application's may carry credentials that the platform's fetch does not have.
    const fetch: Fetch | undefined = options.fetch ?? (options.WebSocket ? undefined : globalThis.fetch);
    const reason = refusedBy({ status });
    if (reason || !fetch) return Promise.resolve({ reason });
    const alarm = new Alarm(clock);
    return new Promise<Refusal | undefined>((resolve) => {
      alarm.set(ASK_MS, () => resolve(undefined));
      askRefusal(fetch, this.#address.url).then(
        // Without the ticket, the question is a stranger's.
        (refusal) => resolve(options.ticket && refusal.reason === "unauthenticated" ? undefined : refusal),
        () => resolve(undefined),
      );
    }).finally(() => alarm.clear());
  }

  #failed(error: unknown): void {
    const { options, complain } = this.#context;
    const reason = refusedBy(error);
    if (reason !== undefined) return this.#refused(reason);
    if (typeof options.url !== "function" && !canResolve(options.url)) return this.#stopped(1006, NO_URL);
    complain(error);
    this.#retry(1006, undefined);
  }

  #retry(code: number, retryAfterMs: number | undefined): void {
    const { clock, options } = this.#context;
    if (clock.now() - this.#welcomedAt >= this.#uptimeMs) this.#failures = 0;
    if (code >= 4000) this.#uptimeMs = CAREFUL_UPTIME_MS;
    else if (this.#welcomedAt < Infinity) this.#uptimeMs = UPTIME_MS;
    this.#welcomedAt = Infinity;
    const waitMs = backoffMs(this.#failures++, { ...DEFAULT_BACKOFF, ...options.backoff }, clock.random());
    this.#delay(retryAfterMs ?? waitMs, retryAfterMs !== undefined);
  }

  #delay(waitMs: number, isDictated: boolean): void {
    const { clock, dispatch } = this.#context;
    this.#isDictated = isDictated;
    this.#retryAt = clock.now() + waitMs;
    dispatch({ type: "delayed", attempt: this.#tries + 1, retryAt: this.#retryAt });
  }

  #refused(reason: AuthRequiredReason): void {
    this.drop(ClientCloseCode.Closed);
    this.#context.dispatch({ type: "refused", reason });
  }

  #stopped(code: number, reason: string): void {
    this.drop(ClientCloseCode.Closed);
    this.#context.dispatch({ type: "stopped", code, reason });
  }

  /** From here on, whatever the current socket and the current wait bring is ignored. */
  #forget(): void {
    this.#socket = this.#endWait = this.#refusal = undefined;
    this.#isOpen = false;
    this.#alarm.clear();
    this.#context.lost();
  }
}

function canResolve(url: string | URL): boolean {
  try {
    return Boolean(resolveUrl(url));
  } catch {
    return false;
  }
}
