// Two nodes of one application on a shared store, and the sockets of their clients.
// The sockets are in memory and speak `halyard.v1`. The nodes are on a test clock, which only the test advances.
import { createWebSocketSystem } from "@halyard/server";
import type { Backplane, WebSocketManagerConfig, WebSocketSystem } from "@halyard/server";
import { createTestClock } from "@halyard/testing";
import type { SharedBackplaneOptions } from "@halyard/testing";
import type { AnyProtocol } from "@halyard/protocol";
import { onTestFinished } from "vitest";
import { createSharedBackplane } from "./shared-store.ts";

export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The fields of a `hello`. */
export interface HelloFields {
  readonly clientId?: string;
  readonly attempt?: number;
  readonly rooms?: readonly string[];
  readonly positions?: readonly {
    readonly ch: string;
    readonly epoch: string;
    readonly off: number;
    readonly since?: number;
  }[];
}

type System = WebSocketSystem<AnyProtocol, never>;

/** The socket of a client at its node. It records the frames that the node sends. */
export class NodeSocket {
  readonly data: { readonly userId: string; readonly protocol: string };
  readonly bufferedAmount = 0;
  readyState = 1;
  readonly frames: Frame[] = [];
  /** The code with which either end has closed the connection. */
  closedWith: number | undefined;
  readonly #manager: System["manager"];

  constructor(manager: System["manager"], userId: string) {
    this.#manager = manager;
    this.data = { userId, protocol: "halyard.v1" };
  }

  send(text: string): void {
    // The node calls `send` once per frame, because this socket has no other transport.
    this.frames.push(JSON.parse(text) as Frame);
  }

  close(code = 1005): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.closedWith = code;
    this.#manager.handleClose(this, code);
  }

  /** Sends a frame as the client. */
  say(frame: object): void {
    this.#manager.handleMessage(this, JSON.stringify(frame));
  }

  of(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The contents of the received chat messages. */
  get chats(): unknown[] {
    return this.of("chat_message").map(({ content }) => content);
  }
}

let clients = 0;

/** Two nodes, `a` and `b`, on one store. */
export class TwoNodes {
  readonly clock = createTestClock();
  readonly shared: ReturnType<typeof createSharedBackplane>;
  readonly a: System;
  readonly b: System;
  readonly errors: unknown[] = [];
  readonly #rosterReads = new Map<string, number>();

  /** @param wrap returns the backplane that a node gets, for example one whose calls fail */
  constructor(
    config: WebSocketManagerConfig = {},
    faults: SharedBackplaneOptions = {},
    wrap: (id: string, backplane: Backplane) => Backplane = (_, backplane) => backplane,
  ) {
    const { clock } = this;
    this.shared = createSharedBackplane({ ...faults, clock });
    const system = (id: string): System =>
      createWebSocketSystem({
        authorize: () => true,
        onError: (error) => this.errors.push(error),
        ...config,
        clock,
        backplane: wrap(id, this.#countReads(id, this.shared.node(id))),
      }) as unknown as System;
    this.a = system("a");
    this.b = system("b");
    onTestFinished(async () => {
      this.shared.heal();
      const closing = Promise.all([this.a.manager.close(), this.b.manager.close()]);
      await this.run(5_000);
      await closing;
    });
  }

  /** The number of roster pages that each node has read. */
  get rosterReads(): { readonly a: number; readonly b: number } {
    return { a: this.#rosterReads.get("a") ?? 0, b: this.#rosterReads.get("b") ?? 0 };
  }

  #countReads(id: string, backplane: Backplane): Backplane {
    const roster = backplane.roster.bind(backplane);
    return Object.assign(backplane, {
      roster: (...args: Parameters<Backplane["roster"]>) => {
        this.#rosterReads.set(id, (this.#rosterReads.get(id) ?? 0) + 1);
        return roster(...args);
      },
    });
  }

  /** Advances the test clock. */
  run(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Opens a socket without a `hello`. */
  open(node: System, userId: string): NodeSocket {
    const socket = new NodeSocket(node.manager, userId);
    node.manager.handleOpen(socket);
    return socket;
  }

  /** Connects a client, and waits for its welcome for as long as a store with latency needs. */
  async connect(node: System, userId: string, hello: HelloFields = {}): Promise<NodeSocket> {
    const socket = this.open(node, userId);
    await this.run(200);
    await this.hello(socket, hello);
    return socket;
  }

  async hello(
    socket: NodeSocket,
    { clientId = newClientId(), attempt = 1, rooms = [], positions = [] }: HelloFields,
  ): Promise<void> {
    socket.say({ type: "hello", clientId, attempt, rooms, positions });
    await this.run(1_000);
  }
}

export function newClientId(): string {
  return `client-${String(++clients).padStart(16, "0")}`;
}
