// One WebSocket and everything that the node knows about it.
// handshake/ creates it, messages/ and channels/ read and change it, delivery/ writes to it as a `Recipient`.
// It holds state and queues frames. It starts no timers, and frames leave it only through `takeBatch`.

import type { ClientRef } from "../backplane.ts";
import type { Backlog } from "../delivery/backlog.ts";
import type { BatchGroup } from "../delivery/batch-group.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Batch } from "../delivery/outbound-frame.ts";
import type { Recipient, Topic, Transport } from "../delivery/transport.ts";
import type { Writer } from "../delivery/writer.ts";
import type { LimitName } from "../security-event.ts";
import type { SessionWatch, WatchedConnection } from "../session-watch.ts";
import type { GuestIdentity, Identity, WebSocketData, WebSocketInstance } from "../types.ts";
import type { ConcurrencyLimiter } from "../utils/concurrency-limiter.ts";
import { SerialQueue } from "../utils/serial-queue.ts";
import { CloseCode } from "@halyard/protocol/wire";
import type { TokenBucket } from "@halyard/protocol/internal";
import { RareConnectionState } from "./rare-state.ts";
import type { UserBuckets } from "./user-buckets.ts";

/**
 * - `opening`: admission is running, and inbound frames are buffered
 * - `handshaking`: a v1 client that has not been welcomed yet
 * - `open`: messages are handled
 * - `closed`: no frame is read or written any more
 */
export type Stage = "opening" | "handshaking" | "open" | "closed";

/** The token buckets of one connection; each is created by the first message that it limits. */
export interface Buckets {
  messages: TokenBucket | undefined;
  bytes: TokenBucket | undefined;
  chat: TokenBucket | undefined;
  joins: TokenBucket | undefined;
  userPages: TokenBucket | undefined;
  typing: TokenBucket | undefined;
  pings: TokenBucket | undefined;
}

const MAX_UNWELCOMED_CHARS = 1024 * 1024;

/** Why a connection is closed: the reason in the close frame, and the limit for the security log. */
export interface CloseReason {
  readonly reason?: string;
  readonly limit: LimitName;
}

/** What a connection reports to the part that opened it. */
export interface ConnectionOwner {
  closeConnection(connection: Connection, code: number, cause?: string | CloseReason): void;
  identityChanged(connection: Connection): void;
  roomJoined(connection: Connection, room: string): void;
  roomLeft(connection: Connection, room: string): void;
}

/** The services that all connections of a node share. */
export interface ConnectionServices {
  readonly writer: Writer;
  readonly owner: ConnectionOwner;
}

/** The arguments with which a connection is created. */
export interface ConnectionInit {
  readonly id: string;
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly transport: Transport;
  readonly identity: GuestIdentity;
  /** When the connection opened, in ms since 1970. */
  readonly openedAt: number;
  /** When its authentication began, by the clock's `now`. @default when it opened */
  readonly authenticatedAt?: number | undefined;
  /** The clock's `now`, from which silence counts. */
  readonly now: number;
  readonly services: ConnectionServices;
  readonly heartbeatBucket: number;
  /** @default a client with the connection's own id */
  readonly client?: ClientRef | undefined;
}

/** One WebSocket of a user: its stage, its identity, its queues, and the frames of this turn. */
export class Connection extends RareConnectionState implements WatchedConnection, Recipient {
  // Fields that each delivery reads come first: a thousand connections do not fit into the processor's cache, and fields
  // that share a cache line cost one miss (16 frames under way: 0.94 -> 0.90 of the time, 2026-11-25).
  stage: Stage = "opening";
  readonly ws: WebSocketInstance<WebSocketData>;
  /** The frames of this turn, unless a batch group holds them. */
  batch: Batch;
  #batchGroup: BatchGroup | undefined = undefined;
  #skippedOffsets: Map<string, number> | undefined = undefined;
  backlog: Backlog | undefined = undefined;
  readonly #services: ConnectionServices;
  readonly transport: Transport;

  readonly id: string;
  readonly openedAt: number;
  readonly authenticatedAt: number;
  /** Which part of a heartbeat round pings this connection. */
  readonly heartbeatBucket: number;
  identity: GuestIdentity;
  /** Watches the session that the connection was opened with. */
  sessionWatch: SessionWatch | undefined = undefined;
  /** The client speaks `halyard.v1`: it sends `hello`, has positions, and gets receipts. */
  isV1 = false;
  /** How many sends wait in the queue. */
  pendingSends = 0;
  requestLimiter: ConcurrencyLimiter | undefined = undefined;
  /** `onConnect` has been called, so `onDisconnect` will be called. */
  isConnected = false;
  /** The next frame of the client must be `hello`, or may be: a plain client becomes a v1 client if its first frame is. */
  acceptsHello = true;
  client: ClientRef;
  attempt = 1;
  /** The client's IP address, if the runtime knows it. */
  address: string | undefined = undefined;
  /** When the last frame, ping or pong arrived, or when waiting bytes were last accepted by the peer. */
  lastActivityAt: number;
  /** The runtime topic that this connection subscribes to. */
  topic: Topic | undefined = undefined;
  rooms: Set<string> | undefined = undefined;
  buckets: Buckets | undefined = undefined;
  /** The rate limits shared with the user's other connections. Undefined while all buckets are full. */
  userBuckets: UserBuckets | undefined = undefined;
  helloTimer: unknown = undefined;
  #sendQueue: SerialQueue | undefined = undefined;

  constructor(init: ConnectionInit) {
    super();
    this.id = init.id;
    this.ws = init.ws;
    this.transport = init.transport;
    this.identity = init.identity;
    this.openedAt = init.openedAt;
    this.authenticatedAt = init.authenticatedAt ?? init.now;
    this.lastActivityAt = init.now;
    this.heartbeatBucket = init.heartbeatBucket;
    this.#services = init.services;
    this.batch = init.services.writer.empty;
    this.client = init.client ?? { user: init.identity.user.id, client: init.id };
  }

  /** Handles the messages of this connection one at a time. Created by the first message. */
  get sendQueue(): SerialQueue {
    return (this.#sendQueue ??= new SerialQueue());
  }

  get writer(): Writer {
    return this.#services.writer;
  }

  get userId(): string {
    return this.client.user;
  }

  /** Replaces the identity by a newer one of the same user. */
  replace(identity: Identity): void {
    this.identity = identity;
    this.rightsVersion++;
    this.#services.owner.identityChanged(this);
  }

  /** Closes the connection: from this call on no frame of it is handled. */
  close(code: number, cause?: string | CloseReason): void {
    this.#services.owner.closeConnection(this, code, cause);
  }

  /** Call when the connection has joined a room. */
  noteJoined(room: string): void {
    const rooms = (this.rooms ??= new Set());
    if (rooms.has(room)) return;
    rooms.add(room);
    this.#services.owner.roomJoined(this, room);
  }

  /** @returns whether the connection was in the room */
  noteLeft(room: string): boolean {
    const wasMember = this.rooms?.delete(room) === true;
    // After the close, the closer reports all rooms itself.
    if (wasMember && this.stage !== "closed") this.#services.owner.roomLeft(this, room);
    return wasMember;
  }

  /** Drops the sends that have not started. */
  dropSends(): void {
    if (this.userBuckets !== undefined) this.userBuckets.waitingSends -= this.pendingSends;
    this.pendingSends = 0;
    this.#sendQueue?.clear();
  }

  /** Aborts the handlers that run: they have no further effect. */
  abortHandlers(): void {
    this.dropSends();
    this.#sendQueue?.running?.abort();
    for (const request of this.runningRequests ?? []) request.abort();
  }

  /** Call when bytes that waited for the peer have left: the peer is reading. */
  onProgress(now: number): void {
    this.lastActivityAt = now;
    if (this.backlog !== undefined) this.backlog.stalledSince = undefined;
  }

  /** Resolves when no message or request of the connection runs or waits; undefined if none does. */
  whenHandled(): Promise<unknown> | undefined {
    const [sends, requests] = [this.#sendQueue, this.requestLimiter];
    if (sends?.isIdle !== false && requests?.isIdle !== false) return undefined;
    return Promise.all([sends?.onIdle(), requests?.onIdle()]);
  }

  /** Queues a frame. It is written at the end of this turn. */
  push(frame: OutboundFrame): void {
    if (this.stage === "closed") return;
    this.#startBatch();
    this.#appendSkips();
    this.batch = this.batch.append(frame);
  }

  /** Queues a frame, after the welcome if that is not sent yet. */
  pushAfterWelcome(frame: OutboundFrame): void {
    if (this.stage === "open" || this.stage === "closed") {
      this.push(frame);
      return;
    }
    const kept = (this.unwelcomedFrames ??= { frames: [], chars: 0 });
    kept.chars += frame.text.length;
    kept.frames.push(frame);
    if (kept.chars > MAX_UNWELCOMED_CHARS) this.close(CloseCode.SlowReader);
  }

  /** Call when the welcome is queued: queues what the application sent before it. */
  flushAfterWelcome(): void {
    for (const frame of this.unwelcomedFrames?.frames ?? []) this.push(frame);
    this.unwelcomedFrames = undefined;
  }

  /**
   * Queues a frame of a channel.
   *
   * @param channel the channel whose position the frame moves; a queued `skip` of that channel is dropped
   */
  pushFromChannel(frame: OutboundFrame, channel?: string): void {
    if (this.stage === "closed") return;
    this.#startBatch();
    if (channel !== undefined) this.#skippedOffsets?.delete(channel);
    this.#appendSkips();
    this.batch = this.batch.append(frame);
  }

  /** @returns false if a frame is queued already: the connection then gets the frames of the group one by one */
  joinBatchGroup(group: BatchGroup): boolean {
    if (this.stage === "closed" || !this.#hasNothingQueued) return false;
    this.#startBatch();
    this.#batchGroup = group;
    return true;
  }

  /** Advances the position past a message that this connection does not get. Of several skips in a row, the last per channel is sent. */
  skip(channel: string, offset: number): void {
    if (!this.isV1 || this.stage === "closed") return;
    this.#startBatch();
    this.#skippedOffsets ??= new Map();
    this.#skippedOffsets.set(channel, offset);
  }

  /** Takes the frames of this turn out of the queue. */
  takeBatch(): Batch {
    if (this.#batchGroup !== undefined) this.#leaveBatchGroup(this.#batchGroup);
    this.#appendSkips();
    const { batch } = this;
    this.batch = this.writer.empty;
    return batch;
  }

  /** Queues pending skips before the next frame, which may be a `gap` or `left` after which their offsets are meaningless. */
  #appendSkips(): void {
    if (this.#skippedOffsets === undefined) return;
    for (const [ch, off] of this.#skippedOffsets)
      this.batch = this.batch.append(new OutboundFrame(JSON.stringify({ type: "skip", $: { ch, off } })));
    this.#skippedOffsets = undefined;
  }

  get #hasNothingQueued(): boolean {
    return (
      this.#batchGroup === undefined && this.batch === this.writer.empty && this.#skippedOffsets === undefined
    );
  }

  #startBatch(): void {
    if (this.#hasNothingQueued) this.writer.enqueue(this);
    if (this.#batchGroup !== undefined) this.#leaveBatchGroup(this.#batchGroup);
  }

  #leaveBatchGroup(group: BatchGroup): void {
    this.batch = group.batch;
    this.#batchGroup = undefined;
    // This connection may be flushed before the rest of the group, so it gets the following frames individually.
    if (!group.isFlushed) group.individualRecipients.push(this);
  }
}
