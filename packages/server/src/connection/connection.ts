import type { Backlog } from "../delivery/backlog.ts";
import type { ClientRef } from "../backplane.ts";
import type { Choir } from "../delivery/batch-group.ts";
import { Frame } from "../delivery/outbound-frame.ts";
import type { Batch } from "../delivery/outbound-frame.ts";
import type { RequestSlots } from "../utils/concurrency-limiter.ts";
import { Lane } from "../utils/serial-queue.ts";
import type { TokenBucket } from "../utils/token-bucket.ts";
import type { LimitName } from "../security-event.ts";
import type { Transport } from "../delivery/transport.ts";
import type { SessionCloseCode, SessionWatch, WatchedConnection } from "../session-watch.ts";
import type { GuestIdentity, Identity, WebSocketData, WebSocketInstance } from "../types.ts";
import { Seldom } from "./rare-state.ts";
import type { Topic } from "../delivery/topic-broadcaster.ts";
import type { Writer } from "../delivery/writer.ts";

/**
 * - `opening`: admission is under way, frames wait
 * - `greeting`: a v1 client that has not said `hello`
 * - `open`: messages are handled
 * - `closed`: nothing is read or written any more
 */
export type Stage = "opening" | "greeting" | "open" | "closed";

export interface Buckets {
  messages: TokenBucket | undefined;
  bytes: TokenBucket | undefined;
  chat: TokenBucket | undefined;
  joins: TokenBucket | undefined;
  typing: TokenBucket | undefined;
  pings: TokenBucket | undefined;
}

/** Why a connection is closed: what its peer may read, and which limit it was for the security log. */
export interface Cause {
  readonly reason?: string;
  readonly limit: LimitName;
}

export type Shut = (connection: Connection, code: number, cause?: string | Cause) => void;

/** What may happen to a connection from inside, beside frames. */
export interface ConnectionKeeper {
  shut(connection: Connection, code: number): void;
  identityChanged(connection: Connection): void;
}

/** What all connections of a node share. */
export interface ConnectionNode {
  readonly writer: Writer;
  readonly keeper: ConnectionKeeper;
}

export interface ConnectionStart {
  readonly id: string;
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly transport: Transport;
  readonly identity: GuestIdentity;
  readonly openedAt: number;
  readonly node: ConnectionNode;
  readonly slice: number;
  /** @default a client of its own */
  readonly client?: ClientRef | undefined;
}

/** One WebSocket of a user, and all that is known of it. It is moved by others; it moves nothing itself. */
export class Connection extends Seldom implements WatchedConnection {
  // What a delivery looks at stands together: more connections than a cache holds get it one after the other.
  stage: Stage = "opening";
  readonly ws: WebSocketInstance<WebSocketData>;
  /** Frames of this turn, unless a choir has them. */
  batch: Batch;
  #choir: Choir | undefined = undefined;
  #skips: Map<string, number> | undefined = undefined;
  backlog: Backlog | undefined = undefined;
  readonly #node: ConnectionNode;
  readonly transport: Transport;

  readonly id: string;
  readonly openedAt: number;
  /** Which part of a round of pings it belongs to. */
  readonly slice: number;
  identity: GuestIdentity;
  /** Watches the session that it was opened with. */
  watch: SessionWatch | undefined = undefined;
  /** A `halyard.v1` client: it says hello, has positions, and gets receipts. */
  isV1 = false;
  /** It was ended for good (4400 and above): what it still has under way must have no effect. */
  isRevoked = false;
  /** Sends that stand in the lane and have not begun. */
  waitingSends = 0;
  /** `hello` was said; its answer may be under way. */
  isGreeted = false;
  requests: RequestSlots | undefined = undefined;
  /** `onConnect` has been called, so `onDisconnect` will be. */
  isConnected = false;
  /** Welcomed as a plain client, and may still turn out to be a v1 client by a `hello` as its first frame. */
  mayGreet = false;
  client: ClientRef;
  attempt = 1;
  /** Where the upgrade came from. */
  address: string | undefined = undefined;
  /** When something last came from the peer. */
  seenAt: number;
  /** Of the runtime, for what many get. */
  topic: Topic | undefined = undefined;
  rooms: Set<string> | undefined = undefined;
  buckets: Buckets | undefined = undefined;
  timer: unknown = undefined;
  #lane: Lane | undefined = undefined;

  constructor(start: ConnectionStart) {
    super();
    this.id = start.id;
    this.ws = start.ws;
    this.transport = start.transport;
    this.identity = start.identity;
    this.openedAt = start.openedAt;
    this.seenAt = start.openedAt;
    this.slice = start.slice;
    this.#node = start.node;
    this.batch = start.node.writer.empty;
    this.client = start.client ?? { user: start.identity.user.id, client: start.id };
  }

  /** Its messages, one after the other; made with the first. */
  get lane(): Lane {
    return (this.#lane ??= new Lane());
  }

  get writer(): Writer {
    return this.#node.writer;
  }

  get userId(): string {
    return this.client.user;
  }

  /** Puts a newer identity of the same user in place. */
  replace(identity: Identity): void {
    this.identity = identity;
    this.#node.keeper.identityChanged(this);
  }

  /** Ends it: nothing more is taken from it. */
  close(code: SessionCloseCode): void {
    this.#node.keeper.shut(this, code);
  }

  /** Adds a frame to what is written at the end of this turn. */
  push(frame: Frame): void {
    if (this.stage === "closed") return;
    this.#begin();
    this.batch = this.batch.with(frame);
  }

  /** A frame that many get. @param channel whose position it moves: an earlier `skip` of this turn is unnecessary then */
  deliver(frame: Frame, channel?: string): void {
    this.push(frame);
    if (channel === undefined || this.#skips?.delete(channel) !== true) return;
    if (this.#skips.size === 0) this.#skips = undefined;
  }

  /** @returns false when something has been said to it in this turn: it gets the frames by itself */
  join(choir: Choir): boolean {
    if (this.stage === "closed" || !this.#isSilent) return false;
    this.#begin();
    this.#choir = choir;
    return true;
  }

  /** Moves the position past a message that is not for this connection; only the latest per channel and turn goes out. */
  skip(channel: string, offset: number): void {
    if (!this.isV1 || this.stage === "closed") return;
    this.#begin();
    this.#skips ??= new Map();
    this.#skips.set(channel, offset);
  }

  /** What is to be written now; afterwards there is nothing. */
  takeBatch(): Batch {
    if (this.#choir !== undefined) this.#leave(this.#choir);
    let { batch } = this;
    for (const [ch, off] of this.#skips ?? []) {
      batch = batch.with(new Frame(JSON.stringify({ type: "skip", $: { ch, off } })));
    }
    this.#skips = undefined;
    this.batch = this.writer.empty;
    return batch;
  }

  /** Nothing has been said to it in this turn. */
  get #isSilent(): boolean {
    return this.#choir === undefined && this.batch === this.writer.empty && this.#skips === undefined;
  }

  /** Something is to be said to it alone. */
  #begin(): void {
    if (this.#isSilent) this.writer.enqueue(this);
    if (this.#choir !== undefined) this.#leave(this.#choir);
  }

  #leave(choir: Choir): void {
    this.batch = choir.batch;
    this.#choir = undefined;
    // Its turn may end before that of the others.
    if (!choir.isOver) choir.soloists.push(this);
  }
}
