import type { AnyProtocol, BuiltinProtocol } from "@halyard/protocol";
import { expect } from "vitest";
import type { Assembly } from "../src/assembly.ts";
import type { MessageHandlerRegistry } from "../src/messages/handler-registry.ts";
import type { WebSocketManager } from "../src/manager.ts";
import { internalsOf } from "../src/manager.ts";
import { isRejection } from "../src/handshake/admission.ts";
import { createWebSocketSystem } from "../src/system.ts";
import type { WebSocketManagerConfig } from "../src/config.ts";
import type { ErrorContext, GuestIdentity, UpgradeRequest } from "../src/types.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeSocket, fakeTransport } from "./fake-socket.ts";
import type { Heard } from "./fake-socket.ts";

export const CLIENT_ID = "q3vJm0dZyUe1aXcLr8tWsA";

/** What `hello` may say beyond its type. */
export interface Hello {
  readonly clientId?: string;
  readonly attempt?: number;
  readonly positions?: readonly { readonly ch: string; readonly epoch: string; readonly off: number }[];
  readonly rooms?: readonly string[];
  readonly contract?: string;
}

export type TestConfig<TProtocol extends AnyProtocol = BuiltinProtocol> = Omit<
  WebSocketManagerConfig<TProtocol>,
  "clock"
> & { readonly clock?: FakeClock };

/** A whole node in memory, on a clock that one turns. */
export class TestSystem<TProtocol extends AnyProtocol = BuiltinProtocol> {
  readonly clock: FakeClock;
  readonly manager: WebSocketManager<TProtocol>;
  readonly handlers: MessageHandlerRegistry<TProtocol>;
  readonly internals: Assembly;
  /** Everything that reached `onError`. */
  readonly errors: { readonly error: unknown; readonly context: ErrorContext }[] = [];

  constructor(config: TestConfig<TProtocol> = {}) {
    this.clock = config.clock ?? new FakeClock();
    const system = createWebSocketSystem<TProtocol>({
      onError: (error, context) => this.errors.push({ error, context }),
      ...config,
      clock: this.clock,
    });
    this.manager = system.manager;
    this.handlers = system.handlers;
    this.internals = internalsOf(system.manager);
  }

  /** Opens a socket as a bare server does. */
  async open(userId: string, data: object = {}): Promise<FakeSocket> {
    const ws = this.begin(userId, data);
    await this.clock.settle();
    return ws;
  }

  /** Opens a socket in this turn: everything that follows from it is still to come. */
  begin(userId: string, data: object = {}): FakeSocket {
    const ws = new FakeSocket({ userId, ...data });
    this.manager.handleOpen(ws);
    return ws;
  }

  /** Opens a socket by an upgrade, on a transport that pings. */
  async upgrade(user: GuestIdentity["user"], request: Partial<UpgradeRequest> = {}): Promise<FakeSocket> {
    const headers = request.headers ?? new Headers();
    const asked: UpgradeRequest = { url: "/ws", remoteAddress: "127.0.0.1", ...request, headers };
    const answer = await this.internals.upgrades.handleUpgrade(asked, () => ({ user }));
    if (isRejection(answer)) throw new Error(`refused with ${String(answer.status)}`);
    const ws = new FakeSocket(answer.data);
    this.internals.opener.open(ws, { ...answer.details, transport: fakeTransport });
    await this.clock.settle();
    return ws;
  }

  /** Opens a v1 client's socket and says nothing. */
  openV1(userId: string): Promise<FakeSocket> {
    return this.open(userId, { protocol: "halyard.v1" });
  }

  /** Opens a v1 client's socket and says hello. */
  async join(userId: string, hello: Hello = {}): Promise<FakeSocket> {
    const ws = await this.openV1(userId);
    await this.say(ws, {
      type: "hello",
      clientId: CLIENT_ID,
      attempt: 1,
      positions: [],
      rooms: [],
      ...hello,
    });
    return ws;
  }

  /** Says something, and lets everything happen that follows from it at once. */
  async say(ws: FakeSocket, message: object | string): Promise<void> {
    this.hand(ws, message);
    await this.clock.settle();
  }

  /** Hands a frame in, in this turn. */
  hand(ws: FakeSocket, message: object | string): void {
    this.manager.handleMessage(ws, typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Says something and gives what is heard in answer. */
  async ask(ws: FakeSocket, message: object | string): Promise<Heard[]> {
    ws.take();
    await this.say(ws, message);
    return ws.take();
  }

  /** The peer closes, or is gone. */
  async drop(ws: FakeSocket, code = 1006): Promise<void> {
    ws.readyState = 3;
    this.manager.handleClose(ws, code);
    await this.clock.settle();
  }

  /** Fails unless nothing of any connection is left, and no timer either. */
  async expectToEndCleanly(): Promise<void> {
    await this.manager.close();
    await this.clock.settle();
    expect(this.manager.getConnectionStats()).toEqual({ totalUsers: 0, totalConnections: 0 });
    expect(this.clock.timers).toBe(0);
  }
}

/** A position in a channel, as the welcome tells it. */
export function positionIn(
  welcome: Heard | undefined,
  ch: string,
): { ch: string; epoch: string; off: number } {
  const channels = welcome?.["channels"] as Record<string, { epoch: string; off: number }> | undefined;
  const { epoch, off } = channels?.[ch] ?? { epoch: "", off: -1 };
  return { ch, epoch, off };
}
