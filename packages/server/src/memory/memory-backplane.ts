import type {
  Admission,
  AdmissionRequest,
  Backplane,
  BackplaneHandlers,
  HistoryUsage,
  PresenceEvent,
  PresenceOp,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
  RosterPage,
  Work,
  WorkState,
} from "../backplane.ts";
import { systemClock } from "../utils/clock.ts";
import { resolvedPromise } from "../utils/maybe-promise.ts";
import { randomId } from "../utils/ids.ts";
import type { Clock } from "../types.ts";
import { Admissions } from "./admissions.ts";
import { HistoryStore } from "./history-store.ts";
import { Roster } from "./roster.ts";
import { IdempotencyLog } from "./idempotency-log.ts";

const SWEEP_MS = 15_000;
const NO_CONNECTIONS: readonly string[] = [];
const RESOLVED = resolvedPromise<void>(undefined);
const NO_EVICTIONS = resolvedPromise(NO_CONNECTIONS);

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
  readonly nodeId: string;
  readonly #clock: Clock;
  readonly #epoch: string;
  readonly #history = new HistoryStore();
  readonly #admissions = new Admissions();
  readonly #idempotency = new IdempotencyLog((ref) => this.#admissions.isOpen(ref));
  readonly #globalRoster: Roster;
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
    this.#globalRoster = this.#rosterOf(undefined);
  }

  /** The switch of request-result-cache.ts. The entries for Node and Bun set it; it is no option of an application. */
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
    const earlier = key === undefined ? undefined : this.#history.offsetOf(channel, key);
    if (earlier !== undefined) return this.#publishResult(earlier, true);

    const offset = ++this.#offset;
    const at = this.#clock.now();
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

  admit(request: AdmissionRequest): Promise<Admission> {
    this.#idempotency.maxConnections = request.limit;
    return resolvedPromise(this.#admissions.admit(request, this.#clock.now()));
  }

  applyPresence(ops: readonly PresenceOp[]): Promise<readonly string[]> {
    let evicted = NO_CONNECTIONS;
    for (const op of ops) {
      if (op.room === undefined) {
        if (op.op === "-") this.#admissions.release(op.user, op.connectionId);
        else {
          const opened = this.#admissions.opened(op.user, op.connectionId);
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
    return evicted === NO_CONNECTIONS ? NO_EVICTIONS : resolvedPromise(evicted);
  }

  roster(
    room: string | undefined,
    page: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<RosterPage> {
    const roster = room === undefined ? this.#globalRoster : this.#roomRosters.get(room);
    const emptyPage = { entries: [], total: 0, cursor: undefined };
    return resolvedPromise(roster?.page(page.cursor, page.limit) ?? emptyPage);
  }

  /** There is no other node to notify. */
  announce(): Promise<void> {
    return Promise.resolve();
  }

  begin(work: Work): WorkState {
    return this.#idempotency.begin(work, work.at ?? this.#clock.now());
  }

  settle(work: Work, result: string | undefined): undefined {
    this.#idempotency.settle(work, result);
  }

  #publishResult(offset: number, duplicate: boolean): Promise<PublishResult> {
    return Promise.resolve({ position: { epoch: this.#epoch, off: offset }, duplicate });
  }

  #rosterOf(room: string | undefined): Roster {
    return new Roster(room, this.#clock, (event: PresenceEvent) => {
      if (event.kind === "left" && room !== undefined && this.#roomRosters.get(room)?.isEmpty === true)
        this.#roomRosters.delete(room);
      this.#handlers?.onPresence([event]);
    });
  }

  #scheduleSweep(): void {
    this.#sweeper = this.#clock.setTimeout(() => {
      const now = this.#clock.now();
      this.#history.sweep(now);
      this.#admissions.sweep(now);
      this.#idempotency.sweep(now);
      this.#scheduleSweep();
    }, SWEEP_MS);
  }
}
