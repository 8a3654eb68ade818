import type {
  Admission,
  AdmissionRequest,
  Backplane,
  BackplaneHandlers,
  BackplaneHealth,
  BegunWork,
  ChannelTop,
  ClientRef,
  Eviction,
  HistoryUsage,
  PresenceOp,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
  Revocation,
  RoomHolder,
  RosterPage,
  Work,
  WorkState,
} from "../backplane.ts";
import { CloseCode } from "@halyard/protocol/wire";
import { systemClock } from "../utils/clock.ts";
import { resolvedPromise } from "../utils/maybe-promise.ts";
import { randomId } from "../utils/ids.ts";
import type { Clock } from "../types.ts";
import { Admissions } from "./admissions.ts";
import { GivenRooms } from "./given-rooms.ts";
import { HistoryStore } from "./history-store.ts";
import { RevocationMarks } from "./revocation-marks.ts";
import { Roster } from "./roster.ts";
import { IdempotencyLog } from "./idempotency-log.ts";

const SWEEP_MS = 15_000;
/** How long a mark is kept: longer than a handshake, because it applies to connections that are authenticated and not open yet. */
const MARK_MS = 60_000;
const NO_EVICTIONS: readonly Eviction[] = [];
const NO_WORK: BegunWork = { lastSeq: 0, requests: [] };
const RESOLVED = resolvedPromise<void>(undefined);
const RESOLVED_WITHOUT_EVICTIONS = resolvedPromise(NO_EVICTIONS);

/** Options of {@link createMemoryBackplane}. */
export interface MemoryBackplaneOptions {
  /** Time and randomness, for tests. @default the runtime's */
  readonly clock?: Clock | undefined;
}

/**
 * The backplane of a single node. Everything lives in this process and ends with it. A publication is delivered in the turn
 * in which it is published.
 */
export function createMemoryBackplane(options: MemoryBackplaneOptions = {}): Backplane {
  return new MemoryBackplane(options.clock ?? systemClock);
}

class MemoryBackplane implements Backplane {
  readonly kind = "memory";
  readonly carriesStates = true;
  readonly nodeId: string;
  readonly #clock: Clock;
  readonly #epoch: string;
  readonly #history = new HistoryStore();
  readonly #admissions = new Admissions();
  readonly #idempotency = new IdempotencyLog((ref) => this.#admissions.isOpen(ref));
  readonly #marks = new RevocationMarks();
  readonly #givenRooms = new GivenRooms();
  readonly #startedAt: number;
  readonly #globalRoster: Roster;
  /** One counter for all rosters, like the one for channels. */
  #presenceOffset = 0;
  readonly #roomRosters = new Map<string, Roster>();
  /**
   * One counter for all channels: offsets need not be contiguous, and a channel whose log was dropped never reuses an
   * offset.
   */
  #offset = 0;
  #handlers: BackplaneHandlers | undefined;
  #sweeper: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#epoch = randomId(clock, 8);
    this.nodeId = randomId(clock, 6);
    this.#startedAt = clock.now();
    this.#globalRoster = this.#rosterOf(undefined);
  }

  health(): BackplaneHealth {
    return { state: "up", since: this.#startedAt };
  }

  /** The switch of request-result-cache.ts. Set by the entries for Node and Bun; it is not an option of the application. */
  get usesResultCache(): boolean {
    return this.#idempotency.usesResultCache;
  }

  set usesResultCache(value: boolean) {
    this.#idempotency.usesResultCache = value;
  }

  start(handlers: BackplaneHandlers): Promise<void> {
    this.#handlers = handlers;
    this.#scheduleSweep();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#clock.clearTimeout(this.#sweeper);
    this.#handlers = undefined;
    this.#globalRoster.clear();
    for (const room of this.#roomRosters.values()) room.clear();
    this.#roomRosters.clear();
    return Promise.resolve();
  }

  publish(channel: string, data: string, options: PublishOptions): Promise<PublishResult> {
    if (options.history === false) {
      this.#handlers?.onEphemeral(channel, data);
      return Promise.resolve({ position: undefined, duplicate: false });
    }
    const { history: retention, idempotencyKey: key, author } = options;
    const at = this.#clock.now();
    const earlier = key === undefined ? undefined : this.#history.offsetOf(channel, key, at);
    if (earlier !== undefined) return this.#publishResult(earlier, true);

    const offset = ++this.#offset;
    const { prev } = this.#history.append(channel, data, { offset, at, retention, key, author });
    if (this.#history.isSubscribed(channel)) {
      this.#handlers?.onPublication({ channel, epoch: this.#epoch, offset, prev, at, data });
    }
    return this.#publishResult(offset, false);
  }

  subscribe(channel: string): Promise<void> {
    this.#history.subscribe(channel, this.#offset);
    return RESOLVED;
  }

  unsubscribe(channel: string): Promise<void> {
    this.#history.unsubscribe(channel, { now: this.#clock.now(), offset: this.#offset });
    return Promise.resolve();
  }

  read(channel: string, { bytes = Infinity, ...page }: ReadPage): Promise<ReadResult> {
    const at = { now: this.#clock.now(), offset: this.#offset };
    return resolvedPromise({
      epoch: this.#epoch,
      ...this.#history.read(channel, { ...page, bytes }, at),
    });
  }

  historyUsage(): HistoryUsage {
    return { bytes: this.#history.bytes, evicted: this.#history.evicted };
  }

  tops(channels: readonly string[]): Promise<readonly ChannelTop[]> {
    const topOf = (channel: string): number => this.#history.topOf(channel) ?? this.#offset;
    return resolvedPromise(channels.map((channel) => ({ epoch: this.#epoch, top: topOf(channel) })));
  }

  admit(request: AdmissionRequest): Promise<Admission> {
    const mark = this.#marks.matching(request);
    if (mark !== undefined) return resolvedPromise({ admitted: false, reason: "revoked", code: mark.code });
    this.#idempotency.maxConnections = request.limit;
    const now = this.#clock.now();
    if (request.attempt > 1 && request.isProbe !== true) this.#idempotency.meet(request, now);
    const admission = this.#admissions.admit(request, now);
    if (admission.admitted && admission.replaced.length > 0 && request.isProbe !== true)
      this.#idempotency.touch(request, now);
    return resolvedPromise(admission);
  }

  applyPresence(ops: readonly PresenceOp[]): Promise<readonly Eviction[]> {
    let evicted = NO_EVICTIONS;
    for (const op of ops) {
      if (op.room === undefined) {
        if (op.op === "-") this.#release(op.user, op.connectionId);
        else {
          const opened = this.#admissions.opened(op);
          if (opened.length > 0) evicted = [...evicted, ...opened];
        }
      }
      const roster =
        op.room === undefined
          ? this.#globalRoster
          : (this.#roomRosters.get(op.room) ?? this.#rosterOf(op.room));
      if (op.room !== undefined) this.#roomRosters.set(op.room, roster);
      roster.apply(op);
      if (op.room !== undefined && roster.isEmpty) this.#roomRosters.delete(op.room);
    }
    return evicted === NO_EVICTIONS ? RESOLVED_WITHOUT_EVICTIONS : resolvedPromise(evicted);
  }

  roster(
    room: string | undefined,
    page: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<RosterPage> {
    const roster = room === undefined ? this.#globalRoster : this.#roomRosters.get(room);
    const emptyPage = { entries: [], total: 0, cursor: undefined, at: [] };
    return resolvedPromise(roster?.page(page.cursor, page.limit) ?? emptyPage);
  }

  /** There is no other node to notify. */
  announce(): Promise<void> {
    return Promise.resolve();
  }

  /** This node sends nothing to itself. */
  send(): Promise<void> {
    return Promise.resolve();
  }

  nodes(): Promise<readonly string[]> {
    return Promise.resolve(this.#handlers === undefined ? [] : [this.nodeId]);
  }

  revoke(mark: Revocation): Promise<void> {
    this.#marks.add(mark, this.#clock.now() + MARK_MS);
    if ("user" in mark && mark.code === CloseCode.Forbidden) this.#givenRooms.forget(mark.user);
    return Promise.resolve();
  }

  revocations(users: readonly string[], sessions: readonly string[]): Promise<readonly Revocation[]> {
    return Promise.resolve(this.#marks.of(users, sessions));
  }

  giveRoom(ref: ClientRef, room: string): undefined {
    this.#givenRooms.give(ref, room, this.#clock.now());
  }

  takeRoom(from: RoomHolder, room: string): undefined {
    this.#givenRooms.take(from, room);
  }

  givenRooms(ref: ClientRef): readonly string[] {
    return this.#givenRooms.of(ref, this.#clock.now());
  }

  begin(work: Work): WorkState {
    return this.#idempotency.begin(work, work.at ?? this.#clock.now());
  }

  settle(work: Work, result: string | undefined): undefined {
    this.#idempotency.settle(work, result);
  }

  recall(ref: ClientRef, connectionId: string): BegunWork | undefined {
    // Memory loses no results, so the server need not tell repeated operations from new ones.
    return this.#idempotency.recall(ref, connectionId, this.#clock.now()) ? NO_WORK : undefined;
  }

  /**
   * Releases the slot of a connection. Creates a record for a client that has sent nothing, so that it is remembered when
   * it returns in time.
   */
  #release(user: string, connectionId: string): void {
    const client = this.#admissions.release(user, connectionId);
    if (client === undefined) return;
    const now = this.#clock.now();
    this.#idempotency.touch({ user, client }, now);
    this.#givenRooms.touch({ user, client }, now);
  }

  #publishResult(offset: number, duplicate: boolean): Promise<PublishResult> {
    return resolvedPromise({ position: { epoch: this.#epoch, off: offset }, duplicate });
  }

  #rosterOf(room: string | undefined): Roster {
    return new Roster(room, {
      clock: this.#clock,
      emit: (event) => {
        if (event.kind === "left" && room !== undefined && this.#roomRosters.get(room)?.isEmpty === true)
          this.#roomRosters.delete(room);
        this.#handlers?.onPresence([event]);
      },
      nextOffset: () => ++this.#presenceOffset,
    });
  }

  #scheduleSweep(): void {
    this.#sweeper = this.#clock.setTimeout(() => {
      const now = this.#clock.now();
      this.#history.sweep(now);
      this.#admissions.sweep(now);
      this.#idempotency.sweep(now);
      this.#marks.sweep(now);
      this.#givenRooms.sweep(now, (ref) => this.#admissions.isOpen(ref));
      this.#scheduleSweep();
    }, SWEEP_MS);
  }
}
