// Handles the frames with which a client controls its connection: hello, ping, join, leave, presence, authenticate, requests, replies.
// Called by Inbound. Control frames do not wait in the queue of messages; joins and leaves of one room keep their order.
import type { HelloMessage } from "@halyard/protocol";
import { clientMessages } from "@halyard/protocol";
import type { Frame as WireFrame, FrameMeta } from "@halyard/protocol/wire";
import { encodeFrame, HalyardError, LIMITS, ROOM_NAME_RULE } from "@halyard/protocol/wire";
import type { Connection } from "../connection/connection.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import type { RateLimits } from "../connection/rate-limits.ts";
import type { SessionWatches } from "../connection/session-watches.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { InvalidMessageError, rateLimitError, toIssue } from "../utils/errors.ts";
import type { SchemaIssue } from "../utils/errors.ts";
import { KeyedSerialQueue } from "../utils/keyed-serial-queue.ts";
import type { ClientRequests } from "./client-requests.ts";
import { endIntervalsOf } from "./client-sends.ts";
import type { HandlerRunner } from "./handler-runner.ts";
import type { MessageLog } from "./message-log.ts";
import type { Rooms } from "./rooms.ts";
import type { StateChecks } from "../presence/state-checks.ts";

const CONTROL_TYPES = new Set(["ping", "join", "leave", "presence_update", "request", "authenticate"]);

/** Answers a client's `hello`; implemented by the handshake. */
export interface HelloReceiver {
  handleHello(connection: Connection, hello: HelloMessage, re: string | undefined): Promise<void>;
}

interface ControlFramesParts {
  readonly clientRequests: ClientRequests;
  readonly handlerRunner: HandlerRunner;
  readonly helloHandler: HelloReceiver;
  readonly messageLog: MessageLog | undefined;
  readonly rateLimits: RateLimits;
  readonly rooms: Rooms;
  readonly sessionWatches: SessionWatches;
  readonly stateChecks: StateChecks;
}

/** Handles the control frames of clients. */
export class ControlFrames {
  readonly #parts: ControlFramesParts;

  constructor(parts: ControlFramesParts) {
    this.#parts = parts;
  }

  /** Whether {@link handle} accepts the frame. A `skip` with a `seq` is a numbered send and waits in the queue of sends. */
  isControlFrame(type: string, meta: FrameMeta): boolean {
    if (type === "skip") return meta.seq === undefined;
    if (type === "reply" || type === "error") return meta.re !== undefined;
    return CONTROL_TYPES.has(type);
  }

  handleHello(connection: Connection, hello: HelloMessage, re: string | undefined): Promise<void> {
    return this.#parts.helloHandler.handleHello(connection, hello, re);
  }

  /**
   * Handles a control frame. Returns no promise if there is nothing to wait for.
   *
   * @param text the text of the frame
   * @throws HalyardError the error for the client
   */
  handle(message: InboundMessage, text: string): undefined | Promise<void> {
    const { connection, frame, meta } = message;
    if (frame.type !== "ping") this.#parts.messageLog?.received(message);
    // No case is an async function, because a suspended one would keep the parsed frame in memory.
    switch (frame.type) {
      case "request":
        return this.#parts.clientRequests.handle(message, text);
      case "ping":
        return this.#ping(connection, meta);
      case "join":
        return this.#join(message);
      case "leave":
        return this.#leave(message);
      case "presence_update":
        return this.#updatePresence(message);
      case "authenticate":
        return this.#authenticate(message);
      case "reply":
      case "error":
        connection.serverRequests?.answer(frame, meta);
        return undefined;
      default:
        throw new HalyardError("unknown_type");
    }
  }

  #ping(connection: Connection, meta: FrameMeta): undefined {
    if (meta.id === undefined) this.#parts.handlerRunner.runPing(connection);
    else connection.push(new OutboundFrame(encodeFrame(`{"type":"pong"}`, { re: meta.id })));
    return undefined;
  }

  #join({ connection, frame, meta }: InboundMessage): Promise<void> {
    const { rateLimits, rooms } = this.#parts;
    const exceeded = rateLimits.takeForType(connection, "join");
    if (exceeded !== undefined) throw rateLimitError(exceeded);
    const message = clientMessages.join.safeParse(frame);
    if (!message.success) throw new InvalidMessageError([{ path: "room", message: ROOM_NAME_RULE }]);
    const { room } = message.data;
    connection.roomOperations ??= new KeyedSerialQueue();
    return connection.roomOperations.run(room, () =>
      rooms.joinByClient(connection, room, (result) => {
        reply(connection, meta.id, result);
      }),
    );
  }

  #leave({ connection, frame, meta }: InboundMessage): Promise<void> {
    const message = clientMessages.leave.safeParse(frame);
    if (!message.success) throw new InvalidMessageError([{ path: "room", message: ROOM_NAME_RULE }]);
    const { room } = message.data;
    connection.roomOperations ??= new KeyedSerialQueue();
    // Leaves a room. Earlier sends, including waiting ephemeral ones, still belong to the room. Sends wait only for
    // earlier joins and leaves, so there is no deadlock.
    endIntervalsOf(connection, room);
    const earlierSends = connection.sendQueue.afterAdded();
    return connection.roomOperations.run(room, async () => {
      if (earlierSends !== undefined) await earlierSends;
      const stored = this.#parts.rooms.leave(connection, room);
      if (stored !== undefined) await stored;
      reply(connection, meta.id);
    });
  }

  #updatePresence({ connection, frame, meta }: InboundMessage): Promise<void> {
    const { rooms, stateChecks } = this.#parts;
    const { room, json } = stateChecks.parse(frame);
    connection.roomOperations ??= new KeyedSerialQueue();
    // Runs after the preceding join (also by a hello), whose presence may still be on its way to the backplane.
    return connection.roomOperations.run(room, async () => {
      await connection.pendingRooms?.whenSettled(room);
      await rooms.showState(connection, room, await stateChecks.checked(json));
      reply(connection, meta.id);
    });
  }

  /**
   * Renews the session. Counts against the limit of concurrent requests, because each `authenticate` within its rate
   * queries the session store.
   */
  #authenticate({ connection, frame, meta }: InboundMessage): undefined | Promise<void> {
    const message = clientMessages.authenticate.safeParse(frame);
    if (!message.success) throw new InvalidMessageError([{ path: "ticket", message: "not a ticket" }]);
    const { clientRequests, sessionWatches } = this.#parts;
    const { ticket } = message.data;
    return clientRequests.limiterOf(connection).run(meta.id, async () => {
      if (connection.stage === "closed") throw new HalyardError("unavailable");
      await sessionWatches.renew(connection, ticket);
      reply(connection, meta.id);
    });
  }
}

const { positions, rooms } = clientMessages.hello.shape;
const HELLO_LISTS = [
  ["positions", positions.unwrap().element],
  ["rooms", rooms.unwrap().element],
] as const;
/** Lists of a hello that are longer than this are checked by hand before the schema runs. */
const MANY_ITEMS = 200;

/** Parses a hello, which may be larger than any other frame. @returns the error for the client if it does not fit its schema */
export function parseHello(frame: WireFrame): HelloMessage | InvalidMessageError {
  const wrong = firstWrongItem(frame);
  if (wrong !== undefined) return new InvalidMessageError([toIssue(wrong)]);
  const hello = clientMessages.hello.safeParse(frame);
  if (hello.success) return hello.data;
  return new InvalidMessageError(hello.error.issues.slice(0, LIMITS.errorIssues).map(toIssue));
}

/** Finds the first wrong item of the long lists. A schema would continue after it, and 67,000 issues take a quarter of a second. */
function firstWrongItem(frame: WireFrame): SchemaIssue | undefined {
  for (const [name, item] of HELLO_LISTS) {
    const list = frame[name];
    if (!Array.isArray(list) || list.length <= MANY_ITEMS) continue;
    for (const [index, value] of list.entries()) {
      const [issue] = item.safeParse(value).error?.issues ?? [];
      if (issue !== undefined) return { ...issue, path: [name, index, ...issue.path] };
    }
  }
  return undefined;
}

function reply(connection: Connection, re: string | undefined, result?: unknown): void {
  const json = JSON.stringify({ type: "reply", ...(result === undefined ? {} : { result }) });
  connection.push(new OutboundFrame(re === undefined ? json : encodeFrame(json, { re })));
}
