// One client of a test network: a real client of @halyard/client on a socket in memory.
// Created by the test network in `connect`; the quiescence detector asks it whether something is pending.
// Guarantee: every message that the client receives is in its inbox, whatever its type.
import { createWebSocketClient } from "@halyard/client";
import type { ConnectionState, WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import type { AnyProtocol } from "@halyard/protocol";
import { decodeFrame } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { WebSocketData } from "@halyard/server";
import { ClientClock } from "../clock/client-clock.ts";
import { PendingReplies } from "./pending-replies.ts";
import { Inbox } from "./inbox.ts";
import { MemorySocket } from "./memory-link.ts";
import type { Link, LinkObserver } from "./memory-link.ts";
import { queueMacrotask } from "../clock/event-loop.ts";
import type { TestClock } from "../clock/test-clock.ts";
import type { Traffic } from "./traffic.ts";

const URL = "ws://halyard.test/ws";

export interface NetworkClientParts {
  readonly data: WebSocketData;
  readonly server: LinkObserver["server"];
  readonly traffic: Traffic;
  readonly clock: TestClock | undefined;
  readonly options: Partial<WebSocketClientOptions>;
  /** The server sent an `error` to the client. */
  readonly onError: (userId: string, error: Frame) => void;
}

/** One client of a test network, with its connection and the messages that it received. */
export class NetworkClient<TProtocol extends AnyProtocol> {
  readonly userId: string;
  readonly client: WebSocketClient<TProtocol>;
  readonly inbox = new Inbox();
  readonly #parts: NetworkClientParts;
  readonly #clock: ClientClock | undefined;
  readonly #replies = new PendingReplies();
  #link: Link | undefined;
  /** How the last connection ended. */
  #lastClose = "";
  /** The state that the network stopped waiting for. */
  #abandonedState: ConnectionState | undefined;

  constructor(parts: NetworkClientParts) {
    this.#parts = parts;
    this.userId = parts.data.userId;
    this.#clock = parts.clock && new ClientClock(parts.clock);
    const observer = this.#observer();
    this.client = createWebSocketClient<TProtocol>({
      ...parts.options,
      url: URL,
      clock: this.#clock,
      WebSocket: class extends MemorySocket {
        constructor(url: string) {
          super(observer, url);
        }
      },
    });
    this.client.onStateChange(() => parts.traffic.count++);
  }

  /**
   * Whether something will happen without the clock: a reply arrives, or the client takes its next step
   * towards a connection. In real time, each of its steps counts.
   */
  get isPending(): boolean {
    const { state } = this.client;
    if (state !== this.#abandonedState) {
      if (state.status === "connecting") return true;
      if (state.status === "waiting" && !this.#clock?.isSetFor(state.retryAt)) return true;
    }
    return this.#replies.isWaiting;
  }

  /** Stops waiting for what is currently pending. */
  abandon(): void {
    this.#abandonedState = this.client.state;
    this.#replies.abandon();
  }

  cut(): void {
    this.#link?.cut();
  }

  /**
   * Waits until the connection is open.
   *
   * @param idle resolves when waiting any longer is pointless
   */
  async welcomed(idle: Promise<void>): Promise<void> {
    const { client } = this;
    if (client.state.status === "connecting") {
      await Promise.race([
        idle,
        new Promise<void>((resolve) => {
          const off = client.onStateChange(({ status }) => {
            if (status === "connecting") return;
            off();
            resolve();
          });
        }),
      ]);
    }
    const { status } = client.state;
    if (status === "open") return;
    client.close();
    const detail = this.#lastClose || "the server has not answered";
    throw new Error(`The server did not let ${this.userId} in: ${detail}`);
  }

  #observer(): LinkObserver {
    const { data, server, traffic } = this.#parts;
    const isCurrent = (link: Link): boolean => link === this.#link;
    return {
      data,
      server,
      traffic,
      queueTurn: queueMacrotask,
      connected: (link) => {
        this.#link = link;
        this.#replies.clear();
      },
      sent: (link, text) => {
        const frame = decodeFrame(text);
        if (isCurrent(link) && typeof frame === "object") this.#replies.sent(frame);
      },
      received: (link, text) => {
        const frame = decodeFrame(text);
        if (isCurrent(link) && typeof frame === "object") this.#received(frame);
      },
      closed: (link, code, reason) => {
        if (!isCurrent(link)) return;
        this.#lastClose = `closed with ${code}${reason && ` (${reason})`}`;
        this.#replies.clear();
      },
    };
  }

  /** Runs before the listeners of the client, early enough to add one for a new type. */
  #received(frame: Frame): void {
    const { type } = frame;
    this.#replies.received(frame);
    if (type === "error") this.#parts.onError(this.userId, frame);
    if (this.inbox.knows(type)) return;
    this.inbox.open(type);
    // The type is an arbitrary string here; only the compiler knows the types of the contract.
    const client = this.client as unknown as { on(type: string, listener: (message: unknown) => void): void };
    client.on(type, (message) => this.inbox.add(type, message));
  }
}
