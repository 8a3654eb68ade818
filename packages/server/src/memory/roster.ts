// The users who are online, or in one room.
// The memory backplane has one roster for everyone and one per room.
// `joined` and `left` alternate for each user, however many connections come and go.

import type { PresenceEvent, PresenceOp, RosterEntry, RosterPage, ShownState } from "../backplane.ts";
import type { Clock } from "../types.ts";
import { dateOf } from "@halyard/protocol/internal";

interface Member {
  /** Grows with every join: the cursor of pages. */
  readonly joinOrder: number;
  /** A single connection is stored without a set, because most members have only one. */
  connections: string | Set<string> | undefined;
  readonly since: number;
  profile: string;
  /** The states of the member's connections, in the order in which they were applied. */
  states: Map<string, ShownState> | undefined;
  /** The state that others see: the latest one. */
  state: string | undefined;
  /** Set while the member has no connection and the grace period runs. */
  leaveTimer: unknown;
}

/** The dependencies of {@link Roster}. */
export interface RosterParts {
  readonly clock: Clock;
  readonly emit: (event: PresenceEvent) => void;
  /** Returns a number greater than all before, because the offsets of a roster that was dropped and created again must not decrease. */
  readonly nextOffset: () => number;
}

/** One entry per user, with the connections that keep it. */
export class Roster {
  readonly #room: string | undefined;
  readonly #parts: RosterParts;
  readonly #members = new Map<string, Member>();
  #joins = 0;
  /** The offset of the latest event. */
  #offset = 0;

  constructor(room: string | undefined, parts: RosterParts) {
    this.#room = room;
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  apply(op: PresenceOp): void {
    if (op.op === "+") this.#join(op);
    else this.#leave(op.user, op.connectionId, op.graceMs);
  }

  page(cursor: string | undefined, limit: number): RosterPage {
    const after = cursor === undefined ? 0 : Number(cursor);
    const entries: RosterEntry[] = [];
    const at = [this.#offset];
    if (limit === 0)
      return {
        entries,
        total: this.#members.size,
        connections: this.#countConnections(),
        cursor: undefined,
        at,
      };
    let last = after;
    for (const [user, member] of this.#members) {
      if (!(member.joinOrder > after)) continue;
      if (entries.length === limit) return { entries, total: this.#members.size, cursor: String(last), at };
      entries.push(entryOf(user, member));
      last = member.joinOrder;
    }
    return { entries, total: this.#members.size, cursor: undefined, at };
  }

  #countConnections(): number {
    let count = 0;
    for (const { connections } of this.#members.values())
      count += typeof connections === "object" ? connections.size : connections === undefined ? 0 : 1;
    return count;
  }

  /** Removes all members and stops their timers, without events. */
  clear(): void {
    for (const member of this.#members.values()) this.#parts.clock.clearTimeout(member.leaveTimer);
    this.#members.clear();
  }

  #emitJoined(user: string, member: Member, change: "new" | "profile" | "state"): void {
    const position = { stream: 0, off: (this.#offset = this.#parts.nextOffset()), total: this.#members.size };
    const isStateOnly = change === "state" ? { isStateOnly: true } : {};
    const entry = entryOf(user, member);
    const isNew = change === "new";
    this.#parts.emit({ kind: "joined", room: this.#room, entry, isNew, ...isStateOnly, ...position });
  }

  #emitLeft(user: string): void {
    const off = (this.#offset = this.#parts.nextOffset());
    this.#parts.emit({ kind: "left", room: this.#room, user, stream: 0, off, total: this.#members.size });
  }

  #join({ user, connectionId, profile, state }: Extract<PresenceOp, { readonly op: "+" }>): void {
    const member = this.#members.get(user);
    if (member === undefined) {
      const joined: Member = {
        joinOrder: ++this.#joins,
        connections: connectionId,
        since: dateOf(this.#parts.clock),
        profile,
        states: undefined,
        state: undefined,
        leaveTimer: undefined,
      };
      setState(joined, connectionId, state);
      this.#members.set(user, joined);
      this.#emitJoined(user, joined, "new");
      return;
    }
    this.#parts.clock.clearTimeout(member.leaveTimer);
    member.leaveTimer = undefined;
    addConnection(member, connectionId);
    const isStateChanged = setState(member, connectionId, state);
    const isProfileChanged = member.profile !== profile;
    member.profile = profile;
    if (isProfileChanged) this.#emitJoined(user, member, "profile");
    else if (isStateChanged && !this.#isAbove(state)) this.#emitJoined(user, member, "state");
  }

  #isAbove(state: ShownState | undefined): boolean {
    return state !== undefined && this.#members.size > state.announcedUsers;
  }

  #leave(user: string, connectionId: string, graceMs: number): void {
    const member = this.#members.get(user);
    if (member === undefined || !removeConnection(member, connectionId)) {
      // Another connection remains, so the latest remaining state is shown.
      if (member?.states?.has(connectionId) === true && setState(member, connectionId, undefined))
        this.#emitJoined(user, member, "state");
      return;
    }
    const leave = (): void => {
      this.#members.delete(user);
      this.#emitLeft(user);
    };
    member.states = undefined;
    if (graceMs <= 0) leave();
    else member.leaveTimer = this.#parts.clock.setTimeout(leave, graceMs);
  }
}

function entryOf(user: string, { profile, since, state }: Member): RosterEntry {
  return state === undefined ? { user, profile, since } : { user, profile, since, state };
}

/** @returns whether the shown state has changed */
function setState(member: Member, connectionId: string, state: ShownState | undefined): boolean {
  const before = member.state;
  if (state === undefined && before === undefined) return false;
  member.states?.delete(connectionId);
  if (state !== undefined) (member.states ??= new Map()).set(connectionId, state);
  let latest: ShownState | undefined;
  for (const shown of member.states?.values() ?? [])
    if (latest === undefined || shown.setAt >= latest.setAt) latest = shown;
  member.state = latest?.json;
  return member.state !== before;
}

function addConnection(member: Member, id: string): void {
  const { connections } = member;
  if (connections === undefined || connections === id) member.connections = id;
  else if (typeof connections === "string") member.connections = new Set([connections, id]);
  else connections.add(id);
}

/** @returns whether it was the member's last connection */
function removeConnection(member: Member, id: string): boolean {
  const { connections } = member;
  const wasLast =
    typeof connections === "object" ? connections.delete(id) && connections.size === 0 : connections === id;
  if (wasLast) member.connections = undefined;
  return wasLast;
}
