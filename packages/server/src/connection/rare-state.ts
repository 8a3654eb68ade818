// State that most connections never have. The connection has one field for all of it, which the first write creates.
// Bun rounds an object up to a size class: 41 fields took 432 B per idle connection, 30 take 256 B (2026-11-29).

import type { ResumePosition } from "@halyard/protocol/internal";
import type { BegunWork, ShownState } from "../backplane.ts";
import type { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { FloodWatch } from "../security/flood-watch.ts";
import type { TabCounter } from "../security/tab-counter.ts";
import type { ViolationCounters } from "../security/violation-counters.ts";
import type { KeyedSerialQueue } from "../utils/keyed-serial-queue.ts";
import type { KeyedThrottle } from "../utils/keyed-throttle.ts";
import type { PendingRooms } from "./pending-rooms.ts";
import type { PendingServerRequests } from "./pending-server-requests.ts";
import type { UnfinishedWelcome } from "../availability/unfinished-welcome.ts";

/** A running call of a handler. */
export interface Abortable {
  abort(): void;
}

/** Frames that arrived before the connection was open. */
export interface BufferedFrames {
  readonly texts: string[];
  bytes: number;
}

/** Frames that the application sent before the welcome. */
export interface UnwelcomedFrames {
  readonly frames: OutboundFrame[];
  chars: number;
}

/** The presence state of a connection in a room, and whether it is being sent to the backplane. */
export interface RoomState {
  state: ShownState;
  isOnItsWay: boolean;
}

class RareState {
  isRevoked = false;
  rightsVersion = 0;
  withheld: Map<string, ResumePosition> | undefined = undefined;
  runningRequests: Set<Abortable> | undefined = undefined;
  ephemeral: KeyedThrottle<() => boolean> | undefined = undefined;
  serverRequests: PendingServerRequests | undefined = undefined;
  roomOperations: KeyedSerialQueue | undefined = undefined;
  pendingRooms: PendingRooms | undefined = undefined;
  unfinished: UnfinishedWelcome | undefined = undefined;
  begunBefore: BegunWork | undefined = undefined;
  givenRooms: Set<string> | undefined = undefined;
  takenRooms: Set<string> | undefined = undefined;
  bufferedFrames: BufferedFrames | undefined = undefined;
  unwelcomedFrames: UnwelcomedFrames | undefined = undefined;
  unfinishedSince: number | undefined = undefined;
  violations: ViolationCounters | undefined = undefined;
  floodWatch: FloodWatch | undefined = undefined;
  tabs: TabCounter | undefined = undefined;
  data: object | undefined = undefined;
  presenceStates: Map<string, RoomState> | undefined = undefined;
}

/** The fields that stay at their defaults on most connections. Writing `undefined` allocates nothing. */
export abstract class RareConnectionState {
  #state: RareState | undefined = undefined;

  /** The connection was closed for good (code 4400 and above): handlers that still run must have no effect. */
  get isRevoked(): boolean {
    return this.#state?.isRevoked === true;
  }
  set isRevoked(isRevoked: boolean) {
    if (isRevoked || this.#state !== undefined) this.#own.isRevoked = isRevoked;
  }

  /** Counts changes of the connection's rights: an answer of `authorize` is valid only for the version that it was asked with. */
  get rightsVersion(): number {
    return this.#state?.rightsVersion ?? 0;
  }
  set rightsVersion(version: number) {
    this.#own.rightsVersion = version;
  }

  /** The positions of the channels that are withheld while `authorize` is asked again. */
  get withheld(): Map<string, ResumePosition> | undefined {
    return this.#state?.withheld;
  }
  set withheld(positions: Map<string, ResumePosition> | undefined) {
    if (positions !== undefined || this.#state !== undefined) this.#own.withheld = positions;
  }

  /** The running asynchronous request handlers. */
  get runningRequests(): Set<Abortable> | undefined {
    return this.#state?.runningRequests;
  }
  set runningRequests(requests: Set<Abortable> | undefined) {
    if (requests !== undefined || this.#state !== undefined) this.#own.runningRequests = requests;
  }

  /** The ephemeral messages that wait for the end of their interval. */
  get ephemeral(): KeyedThrottle<() => boolean> | undefined {
    return this.#state?.ephemeral;
  }
  set ephemeral(throttle: KeyedThrottle<() => boolean> | undefined) {
    if (throttle !== undefined || this.#state !== undefined) this.#own.ephemeral = throttle;
  }

  /** The presence states of the connection, by room. */
  get presenceStates(): Map<string, RoomState> | undefined {
    return this.#state?.presenceStates;
  }
  set presenceStates(states: Map<string, RoomState> | undefined) {
    if (states !== undefined || this.#state !== undefined) this.#own.presenceStates = states;
  }

  /** The server's requests that this client has not answered. */
  get serverRequests(): PendingServerRequests | undefined {
    return this.#state?.serverRequests;
  }
  set serverRequests(requests: PendingServerRequests | undefined) {
    if (requests !== undefined || this.#state !== undefined) this.#own.serverRequests = requests;
  }

  /** The joins and leaves that run or wait. */
  get roomOperations(): KeyedSerialQueue | undefined {
    return this.#state?.roomOperations;
  }
  set roomOperations(operations: KeyedSerialQueue | undefined) {
    if (operations !== undefined || this.#state !== undefined) this.#own.roomOperations = operations;
  }

  /** The rooms of the client's hello that wait to be joined. */
  get pendingRooms(): PendingRooms | undefined {
    return this.#state?.pendingRooms;
  }
  set pendingRooms(rooms: PendingRooms | undefined) {
    if (rooms !== undefined || this.#state !== undefined) this.#own.pendingRooms = rooms;
  }

  /** What the welcome left out because the backplane did not answer. */
  get unfinished(): UnfinishedWelcome | undefined {
    return this.#state?.unfinished;
  }
  set unfinished(unfinished: UnfinishedWelcome | undefined) {
    if (unfinished !== undefined || this.#state !== undefined) this.#own.unfinished = unfinished;
  }

  /** The operations that the client has begun over earlier connections, and may send again. */
  get begunBefore(): BegunWork | undefined {
    return this.#state?.begunBefore;
  }
  set begunBefore(begun: BegunWork | undefined) {
    if (begun !== undefined || this.#state !== undefined) this.#own.begunBefore = begun;
  }

  /** The rooms that the server gave: `authorize` is not asked about them, and the welcome enters them. */
  get givenRooms(): Set<string> | undefined {
    return this.#state?.givenRooms;
  }
  set givenRooms(rooms: Set<string> | undefined) {
    if (rooms !== undefined || this.#state !== undefined) this.#own.givenRooms = rooms;
  }

  /** Rooms that were left before the welcome. */
  get takenRooms(): Set<string> | undefined {
    return this.#state?.takenRooms;
  }
  set takenRooms(rooms: Set<string> | undefined) {
    if (rooms !== undefined || this.#state !== undefined) this.#own.takenRooms = rooms;
  }

  /** Frames that arrived before the connection was open. */
  get bufferedFrames(): BufferedFrames | undefined {
    return this.#state?.bufferedFrames;
  }
  set bufferedFrames(frames: BufferedFrames | undefined) {
    if (frames !== undefined || this.#state !== undefined) this.#own.bufferedFrames = frames;
  }

  /** Frames that the application sent before the welcome. */
  protected get unwelcomedFrames(): UnwelcomedFrames | undefined {
    return this.#state?.unwelcomedFrames;
  }
  protected set unwelcomedFrames(frames: UnwelcomedFrames | undefined) {
    if (frames !== undefined || this.#state !== undefined) this.#own.unwelcomedFrames = frames;
  }

  /** When a heartbeat tick first noticed the peer's unfinished message. */
  get unfinishedSince(): number | undefined {
    return this.#state?.unfinishedSince;
  }
  set unfinishedSince(time: number | undefined) {
    if (time !== undefined || this.#state !== undefined) this.#own.unfinishedSince = time;
  }

  get violations(): ViolationCounters | undefined {
    return this.#state?.violations;
  }
  set violations(counters: ViolationCounters | undefined) {
    if (counters !== undefined || this.#state !== undefined) this.#own.violations = counters;
  }

  /** Set while the connection is above its rates. */
  get floodWatch(): FloodWatch | undefined {
    return this.#state?.floodWatch;
  }
  set floodWatch(watch: FloodWatch | undefined) {
    if (watch !== undefined || this.#state !== undefined) this.#own.floodWatch = watch;
  }

  /** The tabs that share the connection, if its hello says that tabs share it. */
  get tabs(): TabCounter | undefined {
    return this.#state?.tabs;
  }
  set tabs(tabs: TabCounter | undefined) {
    if (tabs !== undefined || this.#state !== undefined) this.#own.tabs = tabs;
  }

  /** The application's `data` of the connection. */
  get data(): object | undefined {
    return this.#state?.data;
  }
  set data(data: object | undefined) {
    if (data !== undefined || this.#state !== undefined) this.#own.data = data;
  }

  get #own(): RareState {
    return (this.#state ??= new RareState());
  }
}
