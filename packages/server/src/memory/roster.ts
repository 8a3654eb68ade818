// The users that are online, or in one room.
// The memory backplane has one for everyone and one per room.
// `joined` and `left` alternate for each user, however many connections come and go.

import type { PresenceEvent, PresenceOp, RosterEntry, RosterPage } from "../backplane.ts";
import type { Clock } from "../types.ts";
import { dateOf } from "@halyard/protocol/internal";

interface Member {
  /** Grows with every join: the cursor of pages. */
  readonly joinOrder: number;
  /** Most members have one connection, which needs no set. */
  connections: string | Set<string> | undefined;
  readonly since: number;
  profile: string;
  /** Set while the member has no connection and the grace period runs. */
  leaveTimer: unknown;
}

/** What a roster works with. */
export interface RosterParts {
  readonly clock: Clock;
  readonly emit: (event: PresenceEvent) => void;
  /** A number greater than any before: a roster that was dropped and made anew must not go back. */
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
    if (op.op === "+") this.#join(op.user, op.connectionId, op.profile);
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
      entries.push({ user, profile: member.profile, since: member.since });
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

  #emitJoined(entry: RosterEntry, isNew: boolean): void {
    const off = (this.#offset = this.#parts.nextOffset());
    const total = this.#members.size;
    this.#parts.emit({ kind: "joined", room: this.#room, entry, isNew, stream: 0, off, total });
  }

  #emitLeft(user: string): void {
    const off = (this.#offset = this.#parts.nextOffset());
    this.#parts.emit({ kind: "left", room: this.#room, user, stream: 0, off, total: this.#members.size });
  }

  #join(user: string, connectionId: string, profile: string): void {
    const member = this.#members.get(user);
    if (member === undefined) {
      const since = dateOf(this.#parts.clock);
      const member = {
        joinOrder: ++this.#joins,
        connections: connectionId,
        since,
        profile,
        leaveTimer: undefined,
      };
      this.#members.set(user, member);
      this.#emitJoined({ user, profile, since }, true);
      return;
    }
    this.#parts.clock.clearTimeout(member.leaveTimer);
    member.leaveTimer = undefined;
    addConnection(member, connectionId);
    if (member.profile === profile) return;
    member.profile = profile;
    this.#emitJoined({ user, profile, since: member.since }, false);
  }

  #leave(user: string, connectionId: string, graceMs: number): void {
    const member = this.#members.get(user);
    if (member === undefined || !removeConnection(member, connectionId)) return;
    const leave = (): void => {
      this.#members.delete(user);
      this.#emitLeft(user);
    };
    if (graceMs <= 0) leave();
    else member.leaveTimer = this.#parts.clock.setTimeout(leave, graceMs);
  }
}

function addConnection(member: Member, id: string): void {
  const { connections } = member;
  if (connections === undefined || connections === id) member.connections = id;
  else if (typeof connections === "string") member.connections = new Set([connections, id]);
  else connections.add(id);
}

/** @returns whether the connection was the last one of the member */
function removeConnection(member: Member, id: string): boolean {
  const { connections } = member;
  const wasLast =
    typeof connections === "object" ? connections.delete(id) && connections.size === 0 : connections === id;
  if (wasLast) member.connections = undefined;
  return wasLast;
}
