import { ClientCloseCode, isRecoverableClose, retryAfterOf } from "@halyard/protocol/wire";
import ReconnectingWebSocket from "reconnecting-websocket";
import { offerProtocols, resolveUrl } from "./address.js";
import { backoffMs } from "./backoff.js";
import { Alarm } from "./clock.js";
import type { Clock } from "./clock.js";
import type { ConnectionEvent } from "./connection-state.js";
import type { WebSocketClientOptions, WebSocketConstructor } from "./options.js";
import { askRefusal, refusalOf } from "./refusal.js";
import type { Refusal } from "./refusal.js";
import { socketClass } from "./socket.js";
import type { Socket } from "./socket.js";

/** After so long, an open connection counts as a success, and the waits start small again. */
const UPTIME_MS = 5_000;
/** The same after the server closed with a code of its own: it has a reason to see less of this client. */
const CAREFUL_UPTIME_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const NO_URL = "The URL cannot be resolved here";
/** How long the question why a handshake failed may take. */
const ASK_MS = 5_000;
/** reconnecting-websocket waits for nothing: the waits are in its address provider. */
const AT_ONCE = {
  connectionTimeout: 0x7fffffff,
  minReconnectionDelay: 1,
  maxReconnectionDelay: 1,
  minUptime: 0,
  maxEnqueuedMessages: 0,
};

export interface TransportHost {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  readonly clientId: string;
  moved(event: ConnectionEvent): void;
  opened(attempt: number): void;
  received(text: string): void;
  lost(): void;
  /** Hears why `url` or `ticket` failed. */
  complained(error: unknown): void;
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
  readonly #host: TransportHost;
  readonly #alarm: Alarm;
  #instance: ReconnectingWebSocket | undefined;
  #socket: Socket | undefined;
  #url = "";
  #protocols: string[] = [];
  /** Something that is a URL was found. */
  #hasUrl = false;
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
  #asking: Promise<void> | undefined;
  #endWait: (() => void) | undefined;

  constructor(host: TransportHost) {
    this.#host = host;
    this.#alarm = new Alarm(host.clock);
  }

  /** Connects now, in place of whatever there is. */
  start(): void {
    this.drop();
    this.#retryAt = this.#tries = 0;
    this.#launch();
    this.#host.moved({ status: "started" });
  }

  /** Gives up the connection, and every attempt at one. Whoever is told of it may start again at once. */
  drop(code: number = ClientCloseCode.Leaving): void {
    const instance = this.#instance;
    this.#instance = undefined;
    this.#forget();
    instance?.close(code);
  }

  /** The connection does not work: gives it up and gets another one, after the usual wait. */
  replace(): void {
    this.drop();
    this.#launch();
    this.#retry(1006);
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
    this.#welcomedAt = this.#host.clock.now();
  }

  send(text: string): void {
    // A closing socket would take it, drop it, and complain.
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  #launch(): void {
    const { WebSocket = (globalThis as Partial<typeof globalThis>).WebSocket } = this.#host.options;
    if (!WebSocket) throw new TypeError("There is no WebSocket here: pass one in the options");
    const instance: ReconnectingWebSocket = new ReconnectingWebSocket(() => this.#next(instance), undefined, {
      ...AT_ONCE,
      WebSocket: socketClass(() => this.#open(WebSocket)),
    });
    this.#instance = instance;
  }

  /** The address of the next attempt, when it is time for it; never, for an instance that was given up. */
  async #next(instance: ReconnectingWebSocket): Promise<string> {
    // After an error, reconnecting-websocket gives up a socket that has not closed yet.
    if (this.#instance === instance && this.#socket) this.#lost(1006, "", undefined);
    await this.#asking;
    while (this.#instance === instance) {
      await this.#wait();
      try {
        if (this.#instance === instance) await this.#prepare();
        if (this.#instance === instance) return this.#url;
      } catch (error) {
        if (this.#instance === instance) this.#failed(error);
      }
    }
    return new Promise(() => {});
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const waitMs = this.#retryAt - this.#host.clock.now();
      if (waitMs <= 0) return resolve();
      this.#endWait = resolve;
      this.#alarm.set(waitMs, resolve);
    });
  }

  async #prepare(): Promise<void> {
    const { options, clientId } = this.#host;
    const { url, ticket, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
    const attempt = ++this.#attempt;
    this.#endWait = undefined;
    this.#alarm.set(connectTimeoutMs, () => this.replace());
    this.#host.moved({ status: "connecting", attempt: ++this.#tries });
    const address = resolveUrl(typeof url === "function" ? await url() : url);
    this.#hasUrl = true;
    address.searchParams.set("c", clientId);
    address.searchParams.set("a", String(attempt));
    const protocols = offerProtocols(await ticket?.());
    if (attempt !== this.#attempt) return;
    this.#url = address.href;
    this.#protocols = protocols;
  }

  /** Called by reconnecting-websocket with the address that it was just given. */
  #open(WebSocket: WebSocketConstructor): Socket | undefined {
    let socket: Socket | undefined;
    let status: unknown;
    const whenCurrent = (action: () => void) => {
      if (this.#socket === socket) action();
    };
    try {
      // The limit of 1 MiB per message is for `ws`; others do not know it.
      socket = new WebSocket(this.#url, this.#protocols, { maxPayload: 2 ** 20 }) as Socket;
      // These listeners stay: a socket of `ws` whose errors nobody hears ends the process.
      socket.addEventListener("open", () => whenCurrent(() => this.#opened()));
      socket.addEventListener("message", ({ data }) => whenCurrent(() => this.#received(data)));
      socket.addEventListener(
        "error",
        ({ message }) => (status = /response: (\d+)/.exec(String(message))?.[1]),
      );
      socket.addEventListener("close", ({ code, reason }) =>
        whenCurrent(() => this.#lost(code, reason, status)),
      );
    } catch {
      // The platform refuses even to try: this attempt has failed.
      this.#alarm.set(0, () => this.replace());
    }
    return (this.#socket = socket);
  }

  #opened(): void {
    this.#isOpen = true;
    this.#host.opened(this.#attempt);
  }

  #received(data: unknown): void {
    if (typeof data === "string") this.#host.received(data);
  }

  /** @param status of the refused handshake, where the socket tells */
  #lost(code: number, reason: string, status: unknown): void {
    const mustAsk = !this.#isOpen;
    const refusal = refusalOf(code) ?? refusalOf(status);
    this.#forget();
    if (refusal) this.#host.moved({ status: "authRequired", reason: refusal });
    else if (!isRecoverableClose(code)) this.#host.moved({ status: "closed", code, reason });
    else {
      if (mustAsk) this.#asking = this.#ask();
      this.#retry(code, retryAfterOf(reason));
    }
  }

  /** Why was the handshake refused? Settles in time, whether it is known or not. */
  #ask(): Promise<void> | undefined {
    const instance = this.#instance;
    const { WebSocket, fetch = WebSocket ? undefined : globalThis.fetch, ticket } = this.#host.options;
    // A socket class of the application's may carry credentials that the platform's fetch does not have.
    if (!fetch) return undefined;
    return new Promise<void>((resolve) => {
      this.#alarm.set(ASK_MS, resolve);
      const heed = ({ status, retryAfterMs }: Refusal) => {
        // Without the ticket, the question is a stranger's.
        const reason = ticket && status === 401 ? undefined : refusalOf(status);
        if (this.#instance !== instance) return;
        if (reason) this.#host.moved({ status: "authRequired", reason });
        else if (retryAfterMs !== undefined) this.#delay(retryAfterMs, true);
      };
      void askRefusal(fetch, this.#url)
        .then(heed)
        .catch(() => {})
        .then(resolve);
    });
  }

  #failed(error: unknown): void {
    const { url } = this.#host.options;
    const { status, code } = Object(error) as Partial<Record<"status" | "code", unknown>>;
    const reason = refusalOf(status) ?? refusalOf(code);
    if (reason) return this.#host.moved({ status: "authRequired", reason });
    // What never changes never gets better: a page that is rendered on a server has no place to be relative to.
    if (typeof url !== "function" && !this.#hasUrl)
      return this.#host.moved({ status: "closed", code: 1006, reason: NO_URL });
    this.#host.complained(error);
    this.#retry(1006);
  }

  #retry(code: number, retryAfterMs?: number): void {
    const { clock, options } = this.#host;
    if (clock.now() - this.#welcomedAt >= this.#uptimeMs) this.#failures = 0;
    if (code >= 4000) this.#uptimeMs = CAREFUL_UPTIME_MS;
    else if (this.#welcomedAt < Infinity) this.#uptimeMs = UPTIME_MS;
    this.#welcomedAt = Infinity;
    const waitMs = backoffMs(this.#failures++, clock.random(), options.backoff);
    this.#delay(retryAfterMs ?? waitMs, retryAfterMs !== undefined);
  }

  #delay(waitMs: number, isDictated: boolean): void {
    this.#isDictated = isDictated;
    this.#retryAt = this.#host.clock.now() + waitMs;
    this.#host.moved({ status: "waiting", attempt: this.#tries + 1, retryAt: this.#retryAt });
  }

  /** From here on, whatever the current socket and the current wait bring is ignored. */
  #forget(): void {
    this.#socket = this.#endWait = this.#asking = undefined;
    this.#isOpen = false;
    this.#alarm.clear();
    this.#host.lost();
  }
}
