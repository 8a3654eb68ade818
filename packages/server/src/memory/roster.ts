// The users that are online, or in one room.
// The memory backplane has one for everyone and one per room.
// `joined` and `left` alternate for each user, however many connections come and go.

import type { PresenceEvent, PresenceOp, RosterEntry, RosterPage } from "../backplane.ts";
import type { Clock } from "../types.ts";
import { dateOf } from "../utils/clock.ts";

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

/** One entry per user, with the connections that keep it. */
export class Roster {
  readonly #room: string | undefined;
  readonly #clock: Clock;
  readonly #emit: (event: PresenceEvent) => void;
  readonly #members = new Map<string, Member>();
  #joins = 0;

  constructor(room: string | undefined, clock: Clock, emit: (event: PresenceEvent) => void) {
    this.#room = room;
    this.#clock = clock;
    this.#emit = emit;
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
    let last = after;
    for (const [user, member] of this.#members) {
      if (!(member.joinOrder > after)) continue;
      if (entries.length === limit) return { entries, total: this.#members.size, cursor: String(last) };
      entries.push({ user, profile: member.profile, since: member.since });
      last = member.joinOrder;
    }
    return { entries, total: this.#members.size, cursor: undefined };
  }

  /** Removes all members and stops their timers, without events. */
  clear(): void {
    for (const member of this.#members.values()) this.#clock.clearTimeout(member.leaveTimer);
    this.#members.clear();
  }

  #join(user: string, connectionId: string, profile: string): void {
    const member = this.#members.get(user);
    if (member === undefined) {
      const since = dateOf(this.#clock);
      const member = {
        joinOrder: ++this.#joins,
        connections: connectionId,
        since,
        profile,
        leaveTimer: undefined,
      };
      this.#members.set(user, member);
      this.#emit({ kind: "joined", room: this.#room, entry: { user, profile, since }, isNew: true });
      return;
    }
    this.#clock.clearTimeout(member.leaveTimer);
    member.leaveTimer = undefined;
    addConnection(member, connectionId);
    if (member.profile === profile) return;
    member.profile = profile;
    this.#emit({
      kind: "joined",
      room: this.#room,
      entry: { user, profile, since: member.since },
      isNew: false,
    });
  }

  #leave(user: string, connectionId: string, graceMs: number): void {
    const member = this.#members.get(user);
    if (member === undefined || !removeConnection(member, connectionId)) return;
    const leave = (): void => {
      this.#members.delete(user);
      this.#emit({ kind: "left", room: this.#room, user });
    };
    if (graceMs <= 0) leave();
    else member.leaveTimer = this.#clock.setTimeout(leave, graceMs);
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
