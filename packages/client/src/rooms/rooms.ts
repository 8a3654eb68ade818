// Manages the rooms that the application has joined, each with the handles that share it.
// Called by room handles to join and leave, and by the client for each welcome, join and leave of the server.
// A room is joined again with each connection until its last handle is left and what was sent or asked in it is settled, or until
// the server rejects it.
import type { Position, WelcomeMessage } from "@halyard/protocol";
import { TokenBucket } from "@halyard/protocol/internal";
import { HalyardError, ROOM_NAME, ROOM_NAME_RULE } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import { Timer } from "../common/timer.ts";
import { isSubscribed } from "../messaging/channels.ts";
import type { Channels } from "../messaging/channels.ts";
import type { MessageScope } from "../messaging/message-scope.ts";
import type { Outbox } from "../messaging/outbox.ts";
import type { PresenceLists } from "../messaging/presence-list.ts";
import type { PendingRequests } from "../messaging/requests.ts";
import type { RoomState } from "./room-state.ts";

/** How long to wait before joining again when the server names no time. */
const RETRY_MS = 1_000;
/** How often a presence state is sent. With too many unanswered ones, as on a slow line, fewer are sent, and none waits behind others. */
const SHOW_MS = 50;
const UNANSWERED_STATES = 4;

/** One room, shared by all of its handles. */
export interface RoomEntry {
  readonly name: string;
  readonly channel: string;
  readonly timer: Timer;
  /** The open handles. Without any, the room is left once no message to it waits. */
  readonly handles: Set<MessageScope>;
  state: RoomState;
  /** Whether a join is pending or scheduled. */
  isRequested?: boolean;
  /** The presence state of this client in the room; below, the state that was sent last. */
  shown?: object | undefined;
  /** The part of it that was set since the last sign-in began. */
  shownSince?: object | undefined;
  shownLast?: object | undefined;
  /** The timer between two sent states. */
  readonly showTimer: Timer;
  isShowTimerSet: boolean;
  unanswered: number;
}

interface RoomsParts {
  readonly clock: Clock;
  readonly channels: Channels;
  readonly outbox: Outbox;
  readonly userLists: PresenceLists;
  readonly requests: PendingRequests;
  /** The state of a room, or of a handle, has changed. */
  readonly onChange: () => void;
  readonly reportError: (error: unknown) => void;
}

export class Rooms {
  readonly #parts: RoomsParts;
  readonly #entries = new Map<string, RoomEntry>();
  /** The rooms whose leave is unanswered. They are remembered, because a room that the server gave outlives the connection. */
  readonly #leaving = new Set<string>();
  /** Undefined while the connection is not open. */
  #joinRate: TokenBucket | undefined;

  constructor(parts: RoomsParts) {
    this.#parts = parts;
  }

  /** The most that any server takes in a hello, until its welcome says how many rooms it allows: the others are joined then. */
  get ofHello(): string[] {
    return [...this.#entries.keys()].slice(0, this.#parts.requests.limits.rooms);
  }

  isJoining(channel = ""): boolean {
    return this.#entries.get(channel.slice(5))?.state.status === "joining";
  }

  /**
   * Adds a handle to the room, and joins the room with the first one.
   *
   * @param handle ended when the server ends or refuses the membership; a handle cannot be reused
   */
  acquire(name: string, handle: MessageScope): RoomEntry {
    const known = this.#entries.get(name);
    if (known) {
      known.handles.add(handle);
      return known;
    }
    const { clock } = this.#parts;
    const entry: RoomEntry = {
      name,
      channel: `room:${name}`,
      timer: new Timer(clock),
      handles: new Set([handle]),
      state: { status: "joining" },
      showTimer: new Timer(clock),
      isShowTimerSet: false,
      unanswered: 0,
    };
    if (!ROOM_NAME.test(name)) this.#remove(entry, new HalyardError("invalid_message", ROOM_NAME_RULE));
    else {
      this.#entries.set(name, entry);
      this.#leaving.delete(name);
      this.#requestJoin(entry);
    }
    return entry;
  }

  /** Removes a handle. After the last one, the next flush leaves the room. */
  release(entry: RoomEntry, handle: MessageScope): void {
    entry.handles.delete(handle);
    // A state listener may join the room again before the leave is sent.
    this.#parts.onChange();
  }

  /** Sends the latest state every 50 ms to the others in the room, and again with each join. */
  show(entry: RoomEntry, patch: object): void {
    entry.shown = { ...entry.shown, ...patch };
    entry.shownSince = { ...entry.shownSince, ...patch };
    this.#sendShown(entry);
  }

  /** Call when a sign-in begins: presence state that is set from now on belongs to the user who signs in. */
  onSignIn(): void {
    for (const entry of this.#entries.values()) entry.shownSince = undefined;
  }

  onUserChange(): void {
    for (const entry of this.#entries.values()) entry.shown = entry.shownSince;
    this.#leaving.clear();
    // The next user may not be allowed to see the same.
    for (const { ch } of this.#parts.channels.positions) this.#drop(ch);
  }

  /** Leaves each room without a handle, unless a message or a request in it waits: outside of the room, the server would refuse it. */
  leaveIdle(): void {
    const { outbox, requests } = this.#parts;
    for (const entry of this.#entries.values()) {
      const { name, channel, handles, state } = entry;
      if (handles.size > 0) continue;
      // Forget the position: nobody listens to what the next connection would replay.
      if (state.status === "joining") this.#drop(channel);
      if (outbox.entries.some(({ message }) => message?.channel === channel)) continue;
      if (requests.isPending(channel)) continue;
      // Before listeners are told, because one of them may join the room anew.
      this.#leaving.add(name);
      this.#requestLeave(name);
      this.#remove(entry);
    }
  }

  /** @param channels the channels that the server has subscribed this connection to; missing rooms are joined */
  onWelcome(channels: WelcomeMessage["channels"]): void {
    const { joinsPerSecond, joinBurst } = this.#parts.requests.limits;
    this.#joinRate ??= new TokenBucket(joinsPerSecond, joinBurst, this.#parts.clock.now());
    // Before the state changes below, during which more rooms may be left.
    for (const name of this.#leaving)
      if (channels[`room:${name}`]) this.#requestLeave(name);
      // While its store is away, a server does not know the rooms that it gave: `joined` follows.
      else if (channels["all"]?.recovered !== "pending") this.#leaving.delete(name);
    for (const entry of this.#entries.values()) {
      const state = channels[entry.channel];
      if (!state) this.#requestJoin(entry);
      // For any other room, a frame of type `left` or `joined` follows.
      else if (isSubscribed(state)) this.#setState(entry, { status: "joined" });
    }
  }

  onDisconnected(): void {
    this.#joinRate = undefined;
    for (const entry of this.#entries.values()) this.#setState(entry, { status: "joining" });
  }

  /** Call when the server has joined this client to a room, or, with an error, removed it. */
  membershipChanged(name: string, error?: HalyardError): void {
    const entry = this.#entries.get(name);
    if (entry && error) this.#remove(entry, error);
    else if (entry) this.#setState(entry, { status: "joined" });
    // The server gave this room and the application has not joined it, so its position must not be in each hello.
    else if (error) this.#drop(`room:${name}`);
    else this.#requestLeave(name);
  }

  /** Sends the leave again until the server has answered, the room is joined again, or the connection is lost. */
  #requestLeave(name: string, rate = this.#joinRate): void {
    if (!rate || this.#joinRate !== rate || !this.#leaving.has(name)) return;
    this.#parts.requests.sendFrame({ type: "leave", room: name }, (reply) => {
      // Retryable errors are retried below, except `unavailable`, which means that the connection was lost.
      if (!("error" in reply) || !reply.error.retryable) this.#leaving.delete(name);
      else if (reply.error.code !== "unavailable") {
        const waitMs = reply.error.retryAfterMs ?? RETRY_MS;
        new Timer(this.#parts.clock).set(waitMs, () => this.#requestLeave(name, rate));
      }
    });
  }

  #requestJoin(entry: RoomEntry): void {
    if (!this.#joinRate || entry.isRequested) return;
    // Only a welcome says how many rooms the server allows.
    if (!this.ofHello.includes(entry.name)) return this.#remove(entry, new HalyardError("limit_exceeded"));
    entry.isRequested = true;
    const waitMs = this.#joinRate.consume(this.#parts.clock.now());
    if (waitMs > 0) return this.#scheduleJoin(entry, waitMs);
    this.#parts.requests.sendFrame({ type: "join", room: entry.name }, (reply) => {
      entry.isRequested = false;
      if (this.#entries.get(entry.name) !== entry || !this.#joinRate) return;
      if ("result" in reply) {
        this.#parts.channels.join(entry.channel, reply.result as Position);
        this.#setState(entry, { status: "joined" });
      } else if (reply.error.retryable) this.#scheduleJoin(entry, reply.error.retryAfterMs ?? RETRY_MS);
      else this.#remove(entry, reply.error);
    });
  }

  #scheduleJoin(entry: RoomEntry, waitMs: number): void {
    entry.isRequested = true;
    entry.timer.set(waitMs, () => {
      entry.isRequested = false;
      if (entry.state.status === "joining") this.#requestJoin(entry);
    });
  }

  #sendShown(entry: RoomEntry): void {
    const { name: room, shown: state } = entry;
    const isBusy = entry.isShowTimerSet || entry.unanswered === UNANSWERED_STATES;
    if (state === entry.shownLast || isBusy || entry.state.status !== "joined") return;
    entry.shownLast = state;
    entry.unanswered++;
    this.#waitToShow(entry, SHOW_MS);
    this.#parts.requests.sendFrame({ type: "presence_update", room, state }, (reply) => {
      entry.unanswered--;
      if (this.#entries.get(room) !== entry) return;
      if ("error" in reply) {
        if (reply.error.retryable) {
          entry.shownLast = undefined;
          this.#waitToShow(entry, reply.error.retryAfterMs ?? RETRY_MS);
        } else this.#parts.reportError(reply.error);
      }
      this.#sendShown(entry);
    });
  }

  #waitToShow(entry: RoomEntry, waitMs: number): void {
    entry.isShowTimerSet = true;
    entry.showTimer.set(waitMs, () => {
      entry.isShowTimerSet = false;
      this.#sendShown(entry);
    });
  }

  #remove(entry: RoomEntry, error?: HalyardError): void {
    entry.timer.clear();
    entry.showTimer.clear();
    this.#entries.delete(entry.name);
    this.#drop(entry.channel);
    this.#setState(entry, { status: "left", error });
    // After the listeners have received the state.
    for (const handle of entry.handles) handle.end();
  }

  #drop(channel: string): void {
    this.#parts.channels.drop(channel);
    this.#parts.userLists.drop(channel);
  }

  #setState(entry: RoomEntry, state: RoomState): void {
    if (entry.state.status === state.status) return;
    entry.state = state;
    // The next connection has not sent a state yet.
    entry.shownLast = undefined;
    entry.isShowTimerSet = false;
    this.#sendShown(entry);
    this.#parts.onChange();
  }
}
