import { isRecoverableClose, retryAfterOf } from "@halyard/protocol/wire";
import type { ClientCloseCode } from "@halyard/protocol/wire";
import ReconnectingWebSocket from "reconnecting-websocket";
import { offerProtocols, resolveUrl } from "./connect-url.ts";
import { backoffMs } from "../common/backoff.ts";
import { Alarm } from "../common/clock.ts";
import type { Clock } from "../common/clock.ts";
import type { ConnectionEvent } from "./connection-state.ts";
import type { WebSocketClientOptions, WebSocketConstructor } from "../options.ts";
import { askRefusal, refusalOf } from "./handshake-probe.ts";
import { NO_SOCKET } from "./socket.ts";
import type { Socket, SocketEvents } from "./socket.ts";

/** After so long, an open connection counts as a success, and the waits start small again. */
const UPTIME_MS = 5_000;
/** The same after the server closed with a code of its own: it has a reason to see less of this client. */
const CAREFUL_UPTIME_MS = 30_000;
// Written out, typed by the protocol's table: the table itself would be in every bundle.
const LEAVING: (typeof ClientCloseCode)["Leaving"] = 3001;
const CONNECT_TIMEOUT_MS = 10_000;
/** How long the question why a handshake failed may take. */
const ASK_MS = 5_000;

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
  #protocols: string[] = [];
  /** The last that was one. */
  #url: string | undefined;
  /** Counts connections, for the server: the highest wins. */
  #attempt = 0;
  /** Counts tries in a row, for the application. */
  #tries = 0;
  /** Counts what the waits grow by. */
  #failures = 0;
  /** How the handshake was answered, as far as it is known. */
  #status: unknown;
  /** From when on this connection is a success. */
  #goodAt = Infinity;
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
  drop(code: number = LEAVING): void {
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
    this.#goodAt = this.#host.clock.now() + this.#uptimeMs;
    this.#uptimeMs = UPTIME_MS;
  }

  send(text: string): void {
    // A closing socket would take it, drop it, and complain.
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  #launch(): void {
    const { WebSocket = (globalThis as Partial<typeof globalThis>).WebSocket } = this.#host.options;
    if (!WebSocket) throw new TypeError("No WebSocket here: pass one in the options");
    // It takes any class for a WebSocket, also one that makes something else.
    const open = (url: string) => this.#open(WebSocket, url) ?? NO_SOCKET;
    const instance: ReconnectingWebSocket = new ReconnectingWebSocket(
      () => this.#next(() => this.#instance === instance),
      undefined,
      {
        WebSocket: function (url: string) {
          return open(url);
        },
      },
    );
    this.#instance = instance;
  }

  /** The address of the next attempt, when it is time for it; never, for an instance that was given up. */
  async #next(isCurrent: () => boolean): Promise<string> {
    await this.#asking;
    while (isCurrent()) {
      await this.#wait();
      try {
        const [url = "", ...protocols] = isCurrent() ? await this.#prepare() : [];
        if (isCurrent()) {
          this.#protocols = protocols;
          return url;
        }
      } catch (error) {
        if (isCurrent()) this.#failed(error);
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

  /** @returns the address, and what to offer there */
  async #prepare(): Promise<string[]> {
    const { options, clientId } = this.#host;
    const { url, ticket, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
    const attempt = ++this.#attempt;
    this.#endWait = undefined;
    this.#alarm.set(connectTimeoutMs, () => this.replace());
    this.#host.moved({ status: "connecting", attempt: ++this.#tries });
    const address = resolveUrl(typeof url === "function" ? await url() : url);
    address.searchParams.set("c", clientId);
    address.searchParams.set("a", `${attempt}`);
    this.#url = address.href;
    return [address.href, ...offerProtocols(await ticket?.())];
  }

  /** Called by reconnecting-websocket with the address that it was just given. */
  #open(WebSocket: WebSocketConstructor, url: string): Socket | undefined {
    this.#socket = undefined;
    try {
      // The limit of 1 MiB per message is for `ws`; others do not know it.
      const socket = new WebSocket(url, this.#protocols, { maxPayload: 2 ** 20 }) as Socket;
      // These listeners stay: a socket of `ws` whose errors nobody hears ends the process.
      const on = <TName extends keyof SocketEvents>(
        type: TName,
        hear: (event: SocketEvents[TName]) => void,
      ) => {
        socket.addEventListener(type, (event) => {
          if (this.#socket === socket) hear(event);
        });
      };
      on("open", () => {
        this.#status = 101;
        this.#host.opened(this.#attempt);
      });
      on("message", ({ data }) => {
        if (typeof data === "string") this.#host.received(data);
      });
      on("error", ({ message }) => {
        // An open socket of `ws` may be half a minute from its close.
        if (this.#status) this.replace();
        else this.#status = /response: (\d+)/.exec(String(message))?.[1];
      });
      on("close", ({ code, reason }) => this.#lost(code, reason));
      this.#socket = socket;
    } catch {
      // The platform refuses even to try: this attempt has failed.
      this.#alarm.set(0, () => this.replace());
    }
    return this.#socket;
  }

  #lost(code: number, reason: string): void {
    const status = this.#status;
    this.#forget();
    if (this.#isRefused(code, status)) return;
    if (!isRecoverableClose(code)) return this.#host.moved({ status: "closed", code, reason });
    if (status !== 101) this.#asking = this.#ask();
    this.#retry(code, retryAfterOf(reason));
  }

  /** Why was the handshake refused? Settles in time, whether it is known or not. */
  #ask(): Promise<void> | undefined {
    const instance = this.#instance;
    const { WebSocket, fetch = WebSocket ? undefined : globalThis.fetch, ticket } = this.#host.options;
    // A socket class of the application's may carry credentials that the platform's fetch does not have.
    if (!fetch) return undefined;
    return new Promise<void>((resolve) => {
      this.#alarm.set(ASK_MS, resolve);
      void askRefusal(fetch, String(this.#url))
        .then(({ status, retryAfterMs }) => {
          // Without the ticket, the question is a stranger's.
          const isTold = this.#instance === instance && !(ticket && status === 401);
          if (isTold && !this.#isRefused(status) && retryAfterMs >= 0) this.#delay(retryAfterMs, true);
        })
        .then(resolve, resolve);
    });
  }

  #failed(error: unknown): void {
    const { status, code } = Object(error) as Partial<Record<"status" | "code", unknown>>;
    if (this.#isRefused(status, code)) return;
    // What never changes never gets better: a page that is rendered on a server has no place to be relative to.
    if (!this.#url && typeof this.#host.options.url !== "function")
      return this.#host.moved({ status: "closed", code: 1006, reason: "invalid URL" });
    this.#host.complained(error);
    this.#retry(1006);
  }

  /** Whether one of the causes says that the credentials are no good: then nothing is tried any more. */
  #isRefused(...causes: unknown[]): boolean {
    const reason = refusalOf(causes);
    if (reason) this.#host.moved({ status: "authRequired", reason });
    return reason !== undefined;
  }

  #retry(code: number, retryAfterMs?: number): void {
    const { clock, options } = this.#host;
    if (clock.now() >= this.#goodAt) this.#failures = 0;
    this.#goodAt = Infinity;
    if (code >= 4000) this.#uptimeMs = CAREFUL_UPTIME_MS;
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
    this.#socket = this.#endWait = this.#asking = this.#status = undefined;
    this.#alarm.clear();
    this.#host.lost();
  }
}
