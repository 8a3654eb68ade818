import type { KeyedSerialQueue } from "../utils/keyed-serial-queue.ts";
import type { KeyedThrottle } from "../utils/keyed-throttle.ts";
import type { PendingServerRequests } from "./pending-server-requests.ts";
import type { ViolationCounters } from "../security/violation-counters.ts";
import type { Backlog } from "../delivery/backlog.ts";
import type { ClientRef } from "../backplane.ts";
import type { BatchGroup } from "../delivery/batch-group.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Batch } from "../delivery/outbound-frame.ts";
import type { ConcurrencyLimiter } from "../utils/concurrency-limiter.ts";
import { SerialQueue } from "../utils/serial-queue.ts";
import type { TokenBucket } from "../utils/token-bucket.ts";
import type { LimitName } from "../security-event.ts";
import type { Recipient, Topic, Transport } from "../delivery/transport.ts";
import type { SessionWatch, WatchedConnection } from "../session-watch.ts";
import type { GuestIdentity, Identity, WebSocketData, WebSocketInstance } from "../types.ts";

import type { Writer } from "../delivery/writer.ts";

/**
 * - `opening`: admission is under way, frames wait
 * - `handshaking`: a v1 client that has not said `hello`
 * - `open`: messages are handled
 * - `closed`: nothing is read or written any more
 */
export type Stage = "opening" | "handshaking" | "open" | "closed";

export interface Buckets {
  messages: TokenBucket | undefined;
  bytes: TokenBucket | undefined;
  chat: TokenBucket | undefined;
  joins: TokenBucket | undefined;
  typing: TokenBucket | undefined;
  pings: TokenBucket | undefined;
}

/** Frames that arrived before the connection was open. */
export interface BufferedFrames {
  readonly texts: string[];
  bytes: number;
}

/** Why a connection is closed: what its peer may read, and which limit it was for the security log. */
export interface CloseReason {
  readonly reason?: string;
  readonly limit: LimitName;
}

/** What may happen to a connection from inside, beside frames. */
export interface ConnectionOwner {
  closeConnection(connection: Connection, code: number, cause?: string | CloseReason): void;
  identityChanged(connection: Connection): void;
}

/** What all connections of a node share. */
export interface ConnectionServices {
  readonly writer: Writer;
  readonly owner: ConnectionOwner;
}

export interface ConnectionInit {
  readonly id: string;
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly transport: Transport;
  readonly identity: GuestIdentity;
  readonly openedAt: number;
  readonly services: ConnectionServices;
  readonly heartbeatBucket: number;
  /** @default a client of its own */
  readonly client?: ClientRef | undefined;
}

/** One WebSocket of a user, and all that is known of it. It is moved by others; it moves nothing itself. */
export class Connection implements WatchedConnection, Recipient {
  // What a delivery looks at stands together: more connections than a cache holds get it one after the other.
  stage: Stage = "opening";
  readonly ws: WebSocketInstance<WebSocketData>;
  /** Frames of this turn, unless a batch group has them. */
  batch: Batch;
  #batchGroup: BatchGroup | undefined = undefined;
  #skippedOffsets: Map<string, number> | undefined = undefined;
  backlog: Backlog | undefined = undefined;
  readonly #services: ConnectionServices;
  readonly transport: Transport;

  readonly id: string;
  readonly openedAt: number;
  /** Which part of a round of pings it belongs to. */
  readonly heartbeatBucket: number;
  identity: GuestIdentity;
  /** Watches the session that it was opened with. */
  sessionWatch: SessionWatch | undefined = undefined;
  /** A `halyard.v1` client: it says hello, has positions, and gets receipts. */
  isV1 = false;
  /** It was ended for good (4400 and above): what it still has under way must have no effect. */
  isRevoked = false;
  /** Sends that stand in the lane and have not begun. */
  pendingSends = 0;
  /** `hello` was said; its answer may be under way. */
  hasReceivedHello = false;
  requestLimiter: ConcurrencyLimiter | undefined = undefined;
  /** `onConnect` has been called, so `onDisconnect` will be. */
  isConnected = false;
  /** Welcomed as a plain client, and may still turn out to be a v1 client by a `hello` as its first frame. */
  acceptsHello = false;
  client: ClientRef;
  attempt = 1;
  /** Where the upgrade came from. */
  address: string | undefined = undefined;
  /** When something last came from the peer. */
  lastActivityAt: number;
  /** Of the runtime, for what many get. */
  topic: Topic | undefined = undefined;
  rooms: Set<string> | undefined = undefined;
  buckets: Buckets | undefined = undefined;
  helloTimer: unknown = undefined;
  ephemeral: KeyedThrottle | undefined = undefined;
  /** Requests of the server that this client has not answered. */
  serverRequests: PendingServerRequests | undefined = undefined;
  /** Joins and leaves that are running. */
  roomOperations: KeyedSerialQueue | undefined = undefined;
  /** Rooms that the server joined this connection to before it was open. */
  roomsJoinedByServer: Set<string> | undefined = undefined;
  bufferedFrames: BufferedFrames | undefined = undefined;
  /** When a tick first saw the unfinished message of the peer. */
  unfinishedSince: number | undefined = undefined;
  violations: ViolationCounters | undefined = undefined;
  #sendQueue: SerialQueue | undefined = undefined;

  constructor(start: ConnectionInit) {
    this.id = start.id;
    this.ws = start.ws;
    this.transport = start.transport;
    this.identity = start.identity;
    this.openedAt = start.openedAt;
    this.lastActivityAt = start.openedAt;
    this.heartbeatBucket = start.heartbeatBucket;
    this.#services = start.services;
    this.batch = start.services.writer.empty;
    this.client = start.client ?? { user: start.identity.user.id, client: start.id };
  }

  /** Its messages, one after the other; made with the first. */
  get sendQueue(): SerialQueue {
    return (this.#sendQueue ??= new SerialQueue());
  }

  get writer(): Writer {
    return this.#services.writer;
  }

  get userId(): string {
    return this.client.user;
  }

  /** Puts a newer identity of the same user in place. */
  replace(identity: Identity): void {
    this.identity = identity;
    this.#services.owner.identityChanged(this);
  }

  /** Ends it: nothing more is taken from it. */
  close(code: number, cause?: string | CloseReason): void {
    this.#services.owner.closeConnection(this, code, cause);
  }

  /** Adds a frame to what is written at the end of this turn. */
  push(frame: OutboundFrame): void {
    if (this.stage === "closed") return;
    this.#startBatch();
    this.batch = this.batch.append(frame);
  }

  /** A frame that many get. @param channel whose position it moves: an earlier `skip` of this turn is unnecessary then */
  pushFromChannel(frame: OutboundFrame, channel?: string): void {
    this.push(frame);
    if (channel === undefined || this.#skippedOffsets?.delete(channel) !== true) return;
    if (this.#skippedOffsets.size === 0) this.#skippedOffsets = undefined;
  }

  /** @returns false when something has been said to it in this turn: it gets the frames by itself */
  joinBatchGroup(group: BatchGroup): boolean {
    if (this.stage === "closed" || !this.#hasNothingQueued) return false;
    this.#startBatch();
    this.#batchGroup = group;
    return true;
  }

  /** Moves the position past a message that is not for this connection; only the latest per channel and turn goes out. */
  skip(channel: string, offset: number): void {
    if (!this.isV1 || this.stage === "closed") return;
    this.#startBatch();
    this.#skippedOffsets ??= new Map();
    this.#skippedOffsets.set(channel, offset);
  }

  /** What is to be written now; afterwards there is nothing. */
  takeBatch(): Batch {
    if (this.#batchGroup !== undefined) this.#leaveBatchGroup(this.#batchGroup);
    let { batch } = this;
    for (const [ch, off] of this.#skippedOffsets ?? []) {
      batch = batch.append(new OutboundFrame(JSON.stringify({ type: "skip", $: { ch, off } })));
    }
    this.#skippedOffsets = undefined;
    this.batch = this.writer.empty;
    return batch;
  }

  /** Nothing has been said to it in this turn. */
  get #hasNothingQueued(): boolean {
    return (
      this.#batchGroup === undefined && this.batch === this.writer.empty && this.#skippedOffsets === undefined
    );
  }

  /** Something is to be said to it alone. */
  #startBatch(): void {
    if (this.#hasNothingQueued) this.writer.enqueue(this);
    if (this.#batchGroup !== undefined) this.#leaveBatchGroup(this.#batchGroup);
  }

  #leaveBatchGroup(group: BatchGroup): void {
    this.batch = group.batch;
    this.#batchGroup = undefined;
    // Its turn may end before that of the others.
    if (!group.isFlushed) group.individualRecipients.push(this);
  }
}
