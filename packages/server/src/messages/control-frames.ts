import type { HelloMessage } from "@halyard/protocol";
import { clientMessages } from "@halyard/protocol";
import type { FrameMeta } from "@halyard/protocol/wire";
import { encodeFrame, HalyardError } from "@halyard/protocol/wire";
import type { Connection } from "../connection/connection.ts";
import type { ServerContext } from "../server-context.ts";
import { InvalidMessageError, LimitError } from "../utils/errors.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { MessageHandler } from "./handler-registry.ts";
import { KeyedSerialQueue } from "../utils/keyed-serial-queue.ts";
import { ConcurrencyLimiter } from "../utils/concurrency-limiter.ts";
import type { ClientRequests } from "./client-requests.ts";
import type { Rooms } from "./rooms.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import type { RateLimits } from "../connection/rate-limits.ts";

/** What answers a client's `hello`. */
export interface HelloReceiver {
  handleHello(connection: Connection, hello: HelloMessage, re: string | undefined): Promise<void>;
}

export interface ControlFramesParts {
  readonly core: ServerContext;
  readonly helloHandler: HelloReceiver;
  readonly rooms: Rooms;
  readonly clientRequests: ClientRequests;
  readonly ping: MessageHandler;
  readonly rateLimits: RateLimits;
}

/** The messages with which a client steers its connection. They do not wait for handlers. */
export class ControlFrames {
  readonly #parts: ControlFramesParts;

  constructor(parts: ControlFramesParts) {
    this.#parts = parts;
  }

  /** A `skip` with a `seq` takes a place in the order of sends, so it is not handled here. */
  isControlFrame(type: string, meta: FrameMeta): boolean {
    if (type === "skip") return meta.seq === undefined;
    if (type === "reply" || type === "error") return meta.re !== undefined;
    return (
      type === "ping" || type === "join" || type === "leave" || type === "request" || type === "authenticate"
    );
  }

  handleHello(connection: Connection, hello: HelloMessage, re: string | undefined): Promise<void> {
    return this.#parts.helloHandler.handleHello(connection, hello, re);
  }

  /**
   * Without a promise where nothing has to be waited for.
   *
   * @throws HalyardError what the sender is told
   */
  handle(received: InboundMessage): undefined | Promise<void> {
    const { connection, frame, meta } = received;
    // None of them is asynchronous itself: what waits must not keep the text of a frame, which may be large.
    switch (frame.type) {
      case "request":
        return this.#parts.clientRequests.handle(received);
      case "ping":
        return this.#ping(connection, meta);
      case "join":
        return this.#join(received);
      case "leave":
        return this.#leave(received);
      case "authenticate":
        return this.#authenticate(received);
      case "reply":
      case "error":
        connection.serverRequests?.answer(frame, meta);
        return undefined;
      default:
        throw new HalyardError("unknown_type");
    }
  }

  #ping(connection: Connection, meta: FrameMeta): undefined {
    if (meta.id !== undefined) {
      connection.push(new OutboundFrame(encodeFrame(`{"type":"pong"}`, { re: meta.id })));
      return undefined;
    }
    const handler = this.#parts.core.registry.find("ping") ?? this.#parts.ping;
    const { connectedUsers, wsInstances } = this.#parts.core.connections;
    handler.handle(connection.ws, { type: "ping" }, connectedUsers, wsInstances);
    return undefined;
  }

  #join({ connection, frame, meta }: InboundMessage): Promise<void> {
    const waitMs = this.#parts.rateLimits.waitForType(connection, "join");
    if (waitMs > 0) throw new LimitError("rate_limited", "joinsPerSecond", { retryAfterMs: waitMs });
    const message = clientMessages.join.safeParse(frame);
    if (!message.success) throw new InvalidMessageError([{ path: "room", message: "not a room name" }]);
    const { room } = message.data;
    connection.roomOperations ??= new KeyedSerialQueue();
    return connection.roomOperations.run(room, () =>
      this.#parts.rooms.joinByClient(connection, room, (result) => {
        reply(connection, meta.id, result);
      }),
    );
  }

  #leave({ connection, frame, meta }: InboundMessage): Promise<void> {
    const message = clientMessages.leave.safeParse(frame);
    if (!message.success) throw new InvalidMessageError([{ path: "room", message: "not a room name" }]);
    const { room } = message.data;
    connection.roomOperations ??= new KeyedSerialQueue();
    return connection.roomOperations.run(room, () => {
      this.#parts.rooms.leave(connection, room);
      reply(connection, meta.id);
      return Promise.resolve();
    });
  }

  /** In a slot of the requests: each asks the session store. */
  #authenticate({ connection, frame, meta }: InboundMessage): undefined | Promise<void> {
    const message = clientMessages.authenticate.safeParse(frame);
    if (!message.success) throw new InvalidMessageError([{ path: "ticket", message: "not a ticket" }]);
    const { core } = this.#parts;
    const { ticket } = message.data;
    connection.requestLimiter ??= new ConcurrencyLimiter(core.limits);
    return connection.requestLimiter.run(meta.id, async () => {
      await core.sessionWatches.renew(connection, ticket);
      reply(connection, meta.id);
    });
  }
}

function reply(connection: Connection, re: string | undefined, result?: unknown): void {
  const json = JSON.stringify({ type: "reply", ...(result === undefined ? {} : { result }) });
  connection.push(new OutboundFrame(re === undefined ? json : encodeFrame(json, { re })));
}
