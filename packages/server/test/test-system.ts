import type { AnyProtocol, BuiltinProtocol } from "@halyard/protocol";
import { expect } from "vitest";
import type { Assembly } from "../src/assembly.ts";
import type { MessageHandlerRegistry } from "../src/messages/handler-registry.ts";
import type { WebSocketManager } from "../src/manager.ts";
import { internalsOf } from "../src/attach/require-manager.ts";
import { internals } from "../src/manager.ts";
import { isRejection } from "../src/handshake/admission.ts";
import { createWebSocketSystem } from "../src/system.ts";
import type { WebSocketManagerConfig } from "../src/config.ts";
import type { IncomingRequest } from "../src/security/client-address.ts";
import type { ErrorContext, GuestIdentity } from "../src/types.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeSocket, fakeTransport } from "./fake-socket.ts";
import type { ReceivedFrame } from "./fake-socket.ts";

export const CLIENT_ID = "q3vJm0dZyUe1aXcLr8tWsA";

/** The fields of `hello` beside its type. */
export interface Hello {
  readonly clientId?: string;
  readonly attempt?: number;
  readonly positions?: readonly { readonly ch: string; readonly epoch: string; readonly off: number }[];
  readonly rooms?: readonly string[];
  readonly contract?: string;
  readonly sharing?: boolean;
}

/** Users of tests, who may have roles. */
export interface TestIdentity extends GuestIdentity {
  readonly user: GuestIdentity["user"] & { readonly role?: string };
}

export type TestConfig<TProtocol extends AnyProtocol = BuiltinProtocol> = Omit<
  WebSocketManagerConfig<TProtocol, TestIdentity>,
  "clock"
> & { readonly clock?: FakeClock };

/** A whole node in memory, on a fake clock. */
export class TestSystem<TProtocol extends AnyProtocol = BuiltinProtocol> {
  readonly clock: FakeClock;
  readonly manager: WebSocketManager<TProtocol>;
  readonly handlers: MessageHandlerRegistry<TProtocol, TestIdentity>;
  readonly internals: Assembly;
  /** The errors that reached `onError`. */
  readonly errors: { readonly error: unknown; readonly context: ErrorContext }[] = [];

  constructor(config: TestConfig<TProtocol> = {}) {
    this.clock = config.clock ?? new FakeClock();
    const system = createWebSocketSystem<TProtocol, TestIdentity>({
      onError: (error, context) => this.errors.push({ error, context }),
      ...config,
      clock: this.clock,
    });
    this.manager = system.manager;
    this.handlers = system.handlers;
    this.internals = internalsOf(internals, "", system);
  }

  /** Opens a socket by `handleOpen`, as an application does that has no upgrade of Halyard. */
  async open(userId: string, data: object = {}): Promise<FakeSocket> {
    const ws = this.begin(userId, data);
    await this.clock.settle();
    return ws;
  }

  /** Opens a socket in this turn, and does not wait for its admission and welcome. */
  begin(userId: string, data: object = {}): FakeSocket {
    const ws = new FakeSocket({ userId, ...data });
    this.manager.handleOpen(ws);
    return ws;
  }

  /** Opens a socket by an upgrade, on a transport that pings. */
  async upgrade(user: GuestIdentity["user"], request: Partial<IncomingRequest> = {}): Promise<FakeSocket> {
    const headers = request.headers ?? new Headers();
    const upgradeRequest: IncomingRequest = { url: "/ws", remoteAddress: "127.0.0.1", ...request, headers };
    const answer = await this.internals.upgrades.handleUpgrade(upgradeRequest, () => ({ user }));
    if (isRejection(answer)) throw new Error(`refused with ${String(answer.status)}`);
    const ws = new FakeSocket(answer.data);
    this.internals.opener.open(ws, { ...answer.details, transport: fakeTransport });
    await this.clock.settle();
    return ws;
  }

  /** Opens the socket of a v1 client, without a `hello`. */
  openV1(userId: string): Promise<FakeSocket> {
    return this.open(userId, { protocol: "halyard.v1" });
  }

  /** Opens the socket of a v1 client and sends `hello`. */
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

  /** Sends a frame, and runs everything that follows from it without a timer. */
  async say(ws: FakeSocket, message: object | string): Promise<void> {
    this.hand(ws, message);
    await this.clock.settle();
  }

  /** Sends a frame in this turn, and does not wait for what follows. */
  hand(ws: FakeSocket, message: object | string): void {
    this.manager.handleMessage(ws, typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Sends a frame and returns the frames that it is answered with. */
  async ask(ws: FakeSocket, message: object | string): Promise<ReceivedFrame[]> {
    ws.take();
    await this.say(ws, message);
    return ws.take();
  }

  /** The peer closes the connection, or it is lost. */
  async drop(ws: FakeSocket, code = 1006): Promise<void> {
    ws.readyState = 3;
    this.manager.handleClose(ws, code);
    await this.clock.settle();
  }

  /** Closes the node; fails when a connection or a timer is left. */
  async expectToEndCleanly(): Promise<void> {
    await this.manager.close();
    await this.clock.settle();
    expect(this.manager.getConnectionStats()).toEqual({ totalUsers: 0, totalConnections: 0 });
    expect(this.clock.timers).toBe(0);
  }
}

/** The position of a channel in a welcome. */
export function positionIn(
  welcome: ReceivedFrame | undefined,
  ch: string,
): { ch: string; epoch: string; off: number } {
  const channels = welcome?.["channels"] as Record<string, { epoch: string; off: number }> | undefined;
  const { epoch, off } = channels?.[ch] ?? { epoch: "", off: -1 };
  return { ch, epoch, off };
}
