import { createWebSocketClient } from "@halyard/client";
import type { ConnectionState, WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import type { AnyProtocol } from "@halyard/protocol";
import { decodeFrame } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { WebSocketData } from "@halyard/server";
import { ClientClock } from "../clock/client-clock.ts";
import { Exchanges } from "./pending-replies.ts";
import { Inbox } from "./inbox.ts";
import { MemorySocket } from "./memory-link.ts";
import type { Gate, Link } from "./memory-link.ts";
import type { TestClock } from "../clock/test-clock.ts";
import type { Traffic } from "./traffic.ts";

const URL = "ws://halyard.test/ws";

export interface MemberParts {
  readonly data: WebSocketData;
  readonly server: Gate["server"];
  readonly traffic: Traffic;
  readonly clock: TestClock | undefined;
  readonly options: Partial<WebSocketClientOptions>;
  /** An error that the server sent. */
  readonly refused: (userId: string, error: Frame) => void;
}

/** One client of a network, with its connection and with what it has heard. */
export class Member<TProtocol extends AnyProtocol> {
  readonly userId: string;
  readonly client: WebSocketClient<TProtocol>;
  readonly inbox = new Inbox();
  readonly #parts: MemberParts;
  readonly #clock: ClientClock | undefined;
  readonly #exchanges = new Exchanges();
  #link: Link | undefined;
  /** How the last connection ended. */
  #lastClose = "";
  #givenUp: ConnectionState | undefined;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.userId = parts.data.userId;
    this.#clock = parts.clock && new ClientClock(parts.clock);
    const gate = this.#gate();
    this.client = createWebSocketClient<TProtocol>({
      ...parts.options,
      url: URL,
      clock: this.#clock,
      WebSocket: class extends MemorySocket {
        constructor(url: string) {
          super(gate, url);
        }
      },
    });
    this.client.onStateChange(() => parts.traffic.moves++);
  }

  /**
   * Whether something will happen without anybody's doing, and without the clock: an answer comes, or the client takes
   * its next step towards a connection. With real time, all its steps count.
   */
  get isUnderWay(): boolean {
    const { state } = this.client;
    if (state !== this.#givenUp) {
      if (state.status === "connecting") return true;
      if (state.status === "waiting" && !this.#clock?.isSetFor(state.retryAt)) return true;
    }
    return this.#exchanges.isWaiting;
  }

  /** It was waited for what is under way, in vain. */
  giveUp(): void {
    this.#givenUp = this.client.state;
    this.#exchanges.giveUp();
  }

  cut(): void {
    this.#link?.cut();
  }

  /** @param idle resolves when there is no point in waiting any longer */
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
    const why = this.#lastClose || "the server has not answered";
    throw new Error(`The server did not let ${this.userId} in: ${why}`);
  }

  #gate(): Gate {
    const { data, server, traffic } = this.#parts;
    const isCurrent = (link: Link): boolean => link === this.#link;
    return {
      data,
      server,
      traffic,
      connected: (link) => {
        this.#link = link;
        this.#exchanges.clear();
      },
      sent: (link, text) => {
        const frame = decodeFrame(text);
        if (isCurrent(link) && typeof frame === "object") this.#exchanges.sent(frame);
      },
      received: (link, text) => {
        const frame = decodeFrame(text);
        if (isCurrent(link) && typeof frame === "object") this.#received(frame);
      },
      closed: (link, code, reason) => {
        if (!isCurrent(link)) return;
        this.#lastClose = `closed with ${code}${reason && ` (${reason})`}`;
        this.#exchanges.clear();
      },
    };
  }

  /** The client sees the frame right after this: whatever type it has, this is early enough to listen. */
  #received(frame: Frame): void {
    const { type } = frame;
    this.#exchanges.received(frame);
    if (type === "error") this.#parts.refused(this.userId, frame);
    if (this.inbox.knows(type)) return;
    this.inbox.open(type);
    // The frame's type is text here; what a protocol calls its messages is known to the compiler only.
    const client = this.client as unknown as { on(type: string, listener: (message: unknown) => void): void };
    client.on(type, (message) => this.inbox.add(type, message));
  }
}
