// The backplane of one node on a shared store. `SharedBackplane.node` creates one for each system.
// Guarantee: a node that the store gave up gets a new lease, and its system then declares its connections again.
import type {
  Admission,
  AdmissionRequest,
  Backplane,
  BackplaneHandlers,
  BackplaneHealth,
  BegunWork,
  ChannelTop,
  ClientRef,
  Clock,
  Eviction,
  PresenceOp,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
  Revocation,
  RoomHolder,
  RoomsOfClient,
  RosterPage,
  Work,
  WorkState,
} from "@halyard/server";
import { publish, read, tops } from "./channel-operations.ts";
import { revocations, revoke } from "./mark-operations.ts";
import { applyPresence, beat, dropLeases, livingNodes, register, rosterPage } from "./presence-operations.ts";
import { PresenceQueue } from "./presence-queue.ts";
import { begin, giveRoom, givenRooms, recall, setRooms, settle, takeRoom } from "./record-operations.ts";
import type { Operation, SharedEvent } from "./shared-state.ts";
import { admit } from "./slot-operations.ts";
import type { StoreAccess } from "./store-access.ts";
import type { StoreLink } from "./store-link.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface NodeBackplaneParts {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly link: StoreLink;
  readonly onUnavailable: "allow" | "deny";
  readonly store: StoreAccess;
}

type Retained = PublishOptions & { readonly history: Exclude<PublishOptions["history"], false> };

/** The interval between renewals of the lease, in ms. */
const BEAT_MS = 2_000;

/** One node of a shared backplane. */
export class NodeBackplane implements Backplane {
  readonly kind = "shared";
  readonly carriesStates = true;
  readonly nodeId: string;
  readonly onUnavailable: "allow" | "deny";
  readonly #parts: NodeBackplaneParts;
  readonly #startedAt: number;
  readonly #subscriptions = new Subscriptions();
  readonly #presence: PresenceQueue;
  #handlers: BackplaneHandlers | undefined;
  #leases = 0;
  #calls = 0;
  #incarnation = 0;
  #beat: unknown;
  #registered: Promise<unknown> = Promise.resolve();

  constructor(parts: NodeBackplaneParts) {
    this.#parts = parts;
    this.nodeId = parts.nodeId;
    this.onUnavailable = parts.onUnavailable;
    this.#startedAt = parts.clock.now();
    this.#presence = new PresenceQueue({
      clock: parts.clock,
      apply: (...batch) => this.#applyPresence(...batch),
    });
  }

  async start(handlers: BackplaneHandlers): Promise<void> {
    this.#handlers = handlers;
    this.#scheduleBeat();
    await this.#register();
  }

  async stop(): Promise<void> {
    this.#parts.clock.clearTimeout(this.#beat);
    if (this.#handlers === undefined) return;
    await this.#presence.stop();
    this.#handlers = undefined;
    this.#subscriptions.clear();
    this.#parts.clock.clearTimeout(this.#beat);
    // The last call of a killed node would never end.
    if (this.#parts.link.state === "dead") return;
    await this.#call(dropLeases(this.nodeId, undefined)).catch(() => {});
  }

  health(): BackplaneHealth {
    const { failingSince } = this.#parts.link;
    return failingSince === undefined
      ? { state: "up", since: this.#startedAt }
      : { state: "down", since: failingSince, lastError: "no reply" };
  }

  async publish(channel: string, data: string, options: PublishOptions): Promise<PublishResult> {
    if (isRetained(options)) {
      const callId = `c${this.nodeId}/${++this.#calls}`;
      return this.#call(publish({ channel, data, options, callId }));
    }
    const { link, store } = this.#parts;
    if (link.state === "cut") this.#handlers?.onEphemeral(channel, data);
    else await this.#send(() => store.distribute({ kind: "ephemeral", channel, data }));
    return { position: undefined, duplicate: false };
  }

  subscribe(channel: string): Promise<void> {
    return this.#send(this.#subscriptions.subscribe(channel));
  }

  unsubscribe(channel: string): Promise<void> {
    return this.#send(this.#subscriptions.unsubscribe(channel));
  }

  read(channel: string, page: ReadPage): Promise<ReadResult> {
    return this.#call(read(channel, page));
  }

  tops(channels: readonly string[]): Promise<readonly ChannelTop[]> {
    return this.#call(tops(channels));
  }

  admit(request: AdmissionRequest): Promise<Admission> {
    return this.#call(admit(request));
  }

  applyPresence(ops: readonly PresenceOp[]): Promise<readonly Eviction[]> {
    return this.#presence.add(ops);
  }

  roster(
    room: string | undefined,
    page: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<RosterPage> {
    return this.#call(rosterPage(room, page));
  }

  announce(data: string): Promise<void> {
    return this.#relay(undefined, (handlers) => handlers.onNotice(data));
  }

  send(nodeId: string, data: string): Promise<void> {
    return this.#relay(nodeId, (handlers) => handlers.onMessage(data));
  }

  nodes(): Promise<readonly string[]> {
    return this.#call(livingNodes);
  }

  revoke(mark: Revocation, ttlMs: number): Promise<void> {
    return this.#call(revoke(mark, { ttlMs, by: this.nodeId }));
  }

  revocations(users: readonly string[], sessions: readonly string[]): Promise<readonly Revocation[]> {
    return this.#call(revocations(users, sessions));
  }

  begin(work: Work): Promise<WorkState> {
    return this.#call(begin(work, this.nodeId));
  }

  settle(work: Work, result: string | undefined): Promise<void> {
    return this.#call(settle(work, result, this.nodeId));
  }

  recall(ref: ClientRef, connectionId: string): Promise<BegunWork | undefined> {
    return this.#call(recall(ref, connectionId));
  }

  giveRoom(ref: ClientRef, room: string): Promise<void> {
    return this.#call(giveRoom(ref, room));
  }

  takeRoom(from: RoomHolder, room: string): Promise<void> {
    return this.#call(takeRoom(from, room));
  }

  givenRooms(ref: ClientRef): Promise<readonly string[]> {
    return this.#call(givenRooms(ref));
  }

  setRooms(clients: readonly RoomsOfClient[]): Promise<void> {
    return this.#call(setRooms(clients));
  }

  /** Passes an event of the store to the system of this node, if the system needs it. */
  deliver(event: SharedEvent): void {
    if (event.kind === "publication" && !this.#subscriptions.has(event.publication.channel)) return;
    if (event.kind === "ephemeral" && !this.#subscriptions.has(event.channel)) return;
    if (event.kind === "revoked" && event.by === this.nodeId) return;
    this.receive((handlers) => {
      if (event.kind === "publication") handlers.onPublication(event.publication);
      else if (event.kind === "presence") handlers.onPresence([event.event]);
      else if (event.kind === "revoked") handlers.onRevoked(event.mark);
      else handlers.onEphemeral(event.channel, event.data);
    });
  }

  /** Calls the handlers of this node over its link. */
  receive(deliver: (handlers: BackplaneHandlers) => void): void {
    this.#parts.link.push(() => {
      if (this.#handlers !== undefined) deliver(this.#handlers);
    });
  }

  /** Called after a cut of the link has ended: reports that messages may be missing, and renews the lease. */
  async reconnect(): Promise<void> {
    if (this.#handlers === undefined) return;
    // Before the first event that comes over the link.
    this.#interrupted();
    await this.#renewLease();
  }

  /** Gets a new lease. After a renewal the system declares its connections, and the entries of earlier leases are removed. */
  async #register(): Promise<void> {
    const lease = ++this.#leases;
    const registered = this.#retry(() => this.#call(register(this.nodeId, this.#leaseId(lease))));
    this.#registered = registered;
    this.#incarnation = await registered;
    if (lease !== this.#leases || lease === 1) return;
    this.#handlers?.onFenced();
    // An empty batch resolves after the declarations, because operations take effect in their order.
    await this.#presence.add([]).catch(() => []);
    await this.#call(dropLeases(this.nodeId, this.#leaseId(lease))).catch(() => {});
  }

  #leaseId(lease = this.#leases): string {
    return `${this.nodeId}/${lease}`;
  }

  async #applyPresence(ops: readonly PresenceOp[], batch: number): Promise<readonly Eviction[]> {
    await this.#registered;
    const lease = this.#leaseId();
    const result = await this.#call(applyPresence(ops, { lease, batch }));
    for (const op of ops) if (op.op === "-" && op.graceMs > 0) this.#parts.store.endGraceIn(op.graceMs);
    if (!result.isFenced) return result.evictions;
    // Fails only where this node has stopped meanwhile.
    if (lease === this.#leaseId()) this.#register().catch(() => {});
    throw new Error("the store has given up this node");
  }

  #interrupted(): void {
    this.#handlers?.onInterrupted("all");
  }

  #scheduleBeat(): void {
    this.#beat = this.#parts.clock.setTimeout(() => {
      this.#scheduleBeat();
      void this.#renewLease();
    }, BEAT_MS);
  }

  async #renewLease(): Promise<void> {
    const lease = this.#leaseId();
    const before = this.#incarnation;
    try {
      await this.#registered;
      const incarnation = await this.#call(beat(lease));
      if (lease !== this.#leaseId() || incarnation === before) return;
      await this.#register();
      if (this.#incarnation !== before) this.#interrupted();
    } catch {
      // The next beat tries again.
    }
  }

  async #retry<TResult>(call: () => Promise<TResult>): Promise<TResult> {
    for (;;)
      try {
        return await call();
      } catch (error) {
        if (this.#handlers === undefined) throw error;
      }
  }

  #call<TResult>(operation: Operation<TResult>): Promise<TResult> {
    const { link, store } = this.#parts;
    return link.call(() => store.apply(operation));
  }

  #relay(to: string | undefined, deliver: (handlers: BackplaneHandlers) => void): Promise<void> {
    return this.#send(() => this.#parts.store.relay({ from: this.nodeId, to }, deliver));
  }

  #send(effect: () => unknown): Promise<void> {
    return this.#parts.link.call(() => void effect());
  }
}

const isRetained = (options: PublishOptions): options is Retained => options.history !== false;
