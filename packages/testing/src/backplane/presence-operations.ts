// The operations of a shared backplane on rosters, and on the leases of the nodes whose connections are in them.
// NodeBackplane sends them to the store. A timer of the store, and each beat, end the grace periods that are over.
// Guarantee: `joined` and `left` alternate per user, also after repetitions, and each has the next offset of its roster.
import type { Eviction, PresenceOp, RosterEntry, RosterPage, ShownState } from "@halyard/server";
import { openSlot, releaseLease, releaseSlot } from "./slot-operations.ts";
import type { Operation, SharedState, StoredMember, StoredRoster, Transaction } from "./shared-state.ts";

/** The time after its last beat for which a node counts as alive. */
const LEASE_MS = 7_000;
/** Without any beat for this time the store counts as away, and gives up no node. */
const PAUSE_MS = 4_000;

/** The result of presence operations. `isFenced`: none was applied, because the store has given up the node. */
export type PresenceResult =
  { readonly isFenced: true } | { readonly isFenced: false; readonly evictions: readonly Eviction[] };

/** Applies a batch, once under each lease and in its order. A late call of an earlier lease changes nothing. */
export function applyPresence(
  ops: readonly PresenceOp[],
  { lease, batch }: { readonly lease: string; readonly batch: number },
): Operation<PresenceResult> {
  return (transaction) => {
    const { state, now } = transaction;
    const held = state.leases.get(lease);
    if (held === undefined || !isNewest(state, lease, held.node)) return { isFenced: true };
    if (held.batch !== undefined && batch <= held.batch.number)
      return { isFenced: false, evictions: held.batch.evictions };
    const evictions: Eviction[] = [];
    for (const op of ops) {
      if (op.room === undefined) {
        if (op.op === "+") evictions.push(...openSlot(state, op, { lease, now }));
        else releaseSlot(state, op, now);
      }
      if (op.op === "+") join(transaction, rosterOf(state, op.room), { ...op, lease });
      else leave(transaction, state.rosters.get(rosterKey(op.room)), op);
    }
    held.batch = { number: batch, evictions };
    return { isFenced: false, evictions };
  };
}

export function rosterPage(
  room: string | undefined,
  { cursor, limit }: { readonly cursor: string | undefined; readonly limit: number },
): Operation<RosterPage> {
  return ({ state }) => {
    const roster = state.rosters.get(rosterKey(room));
    if (roster === undefined) return { entries: [], total: 0, connections: 0, cursor: undefined, at: [] };
    const [total, at] = [roster.members.size, [roster.offset]];
    if (limit === 0) {
      const connections = [...roster.members.values()].reduce(
        (sum, member) => sum + member.connections.size,
        0,
      );
      return { entries: [], total, connections, cursor: undefined, at };
    }
    const after = cursor === undefined ? -1 : Number(cursor);
    const rest = [...roster.members.values()].filter(({ joinOrder }) => joinOrder > after);
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    return {
      entries: page.map(({ entry }) => entry),
      total,
      cursor: rest.length > limit && last !== undefined ? String(last.joinOrder) : undefined,
      at,
    };
  };
}

/** Ends the grace periods that are over. */
export function endGracePeriods(): Operation<void> {
  return (transaction) => {
    for (const roster of transaction.state.rosters.values())
      for (const [user, { leavesAt }] of roster.members)
        if (leavesAt !== undefined && leavesAt <= transaction.now) left(transaction, roster, user);
  };
}

/**
 * Gives a node a new lease. Its earlier leases stay until {@link dropLeases}. Does not count as a beat: the first beat after a pause must
 * notice the pause. @returns the incarnation of the store
 */
export function register(node: string, lease: string): Operation<number> {
  return ({ state, now }) => {
    state.leases.set(lease, { node, endsAt: now + LEASE_MS, batch: undefined });
    return state.incarnation;
  };
}

/** The nodes with a lease that no beat has ended. */
export const livingNodes: Operation<readonly string[]> = ({ state }) => [
  ...new Set([...state.leases.values()].map(({ node }) => node)),
];

/** Ends all leases of a node before `kept`, or all, with the connections that were not declared again. */
export function dropLeases(node: string, kept: string | undefined): Operation<void> {
  return (transaction) => {
    for (const [lease, held] of transaction.state.leases)
      if (held.node === node && isBefore(lease, kept)) endLease(transaction, lease);
    if (kept !== undefined) dropForeign(transaction, node, kept);
  };
}

const isNewest = ({ leases }: SharedState, lease: string, node: string): boolean =>
  ![...leases].some(([other, held]) => held.node === node && isBefore(lease, other));

/** Whether a lease is older. A late call must not end the newer leases of the node. */
const isBefore = (lease: string, kept: string | undefined): boolean =>
  kept === undefined || numberOf(lease) < numberOf(kept);

const numberOf = (lease: string): number => Number(lease.slice(lease.lastIndexOf("/") + 1));

/** Renews a lease, and gives up the nodes without beats. @returns the incarnation of the store; undefined if this node was given up */
export function beat(lease: string): Operation<number | undefined> {
  return (transaction) => {
    const { state, now } = transaction;
    if (now - state.lastBeatAt > PAUSE_MS)
      for (const held of state.leases.values()) held.endsAt = now + LEASE_MS;
    state.lastBeatAt = now;
    const own = state.leases.get(lease);
    if (own !== undefined) own.endsAt = now + LEASE_MS;
    for (const [other, { endsAt }] of state.leases) if (endsAt <= now) endLease(transaction, other);
    endGracePeriods()(transaction);
    return own === undefined ? undefined : state.incarnation;
  };
}

function endLease(transaction: Transaction, lease: string): void {
  const { state, now } = transaction;
  state.leases.delete(lease);
  releaseLease(state, lease, now);
  removeConnections(transaction, (held) => held === lease);
}

/** Removes the entries of leases that a store after a `rewind` no longer knows. */
function dropForeign(transaction: Transaction, node: string, kept: string): void {
  const isForeign = (lease: string): boolean => lease.startsWith(`${node}/`) && isBefore(lease, kept);
  removeConnections(transaction, isForeign);
  for (const slots of transaction.state.slots.values())
    for (const { open } of slots)
      if (open !== undefined && isForeign(open.lease))
        releaseLease(transaction.state, open.lease, transaction.now);
}

function removeConnections(transaction: Transaction, isGone: (lease: string) => boolean): void {
  for (const roster of transaction.state.rosters.values())
    for (const [user, member] of roster.members) {
      for (const [id, { lease }] of member.connections) if (isGone(lease)) member.connections.delete(id);
      if (member.connections.size > 0) showLatest(transaction, roster, { member });
      else if (member.leavesAt === undefined) left(transaction, roster, user);
    }
}

interface Joining {
  readonly user: string;
  readonly connectionId: string;
  readonly profile: string;
  readonly state?: ShownState | undefined;
  readonly lease: string;
}

function join(
  transaction: Transaction,
  roster: StoredRoster,
  { user, connectionId, profile, state, lease }: Joining,
): void {
  const member = roster.members.get(user);
  if (member === undefined) {
    const entry = { user, profile, since: transaction.now, ...(state && { state: state.json }) };
    const joinOrder = transaction.nextOffset();
    const joined: StoredMember = { entry, joinOrder, connections: new Map(), leavesAt: undefined };
    joined.connections.set(connectionId, { lease, state });
    roster.members.set(user, joined);
    announceJoined(transaction, roster, { member: joined, change: "new" });
    return;
  }
  // The newest declaration is the last entry of the map.
  member.connections.delete(connectionId);
  member.connections.set(connectionId, { lease, state });
  member.leavesAt = undefined;
  if (member.entry.profile === profile)
    return showLatest(transaction, roster, { member, announcedUsers: state?.announcedUsers });
  member.entry = { ...entryWithLatest(member), profile };
  announceJoined(transaction, roster, { member, change: "profile" });
}

interface Shown {
  readonly member: StoredMember;
  /** A change of a state is an event only with at most this many users in the roster. @default no limit */
  readonly announcedUsers?: number | undefined;
}

function showLatest(
  transaction: Transaction,
  roster: StoredRoster,
  { member, announcedUsers = Infinity }: Shown,
): void {
  const entry = entryWithLatest(member);
  if (entry.state === member.entry.state) return;
  member.entry = entry;
  if (roster.members.size <= announcedUsers) announceJoined(transaction, roster, { member, change: "state" });
}

/** The entry with the latest state of the connections of the user. Of two states of the same time the one applied later counts. */
function entryWithLatest({ connections, entry }: StoredMember): RosterEntry {
  let latest: ShownState | undefined;
  for (const { state } of connections.values())
    if (state !== undefined && state.setAt >= (latest?.setAt ?? 0)) latest = state;
  const { user, profile, since } = entry;
  return { user, profile, since, ...(latest && { state: latest.json }) };
}

function leave(
  transaction: Transaction,
  roster: StoredRoster | undefined,
  { user, connectionId, graceMs }: { user: string; connectionId: string; graceMs: number },
): void {
  const member = roster?.members.get(user);
  if (roster === undefined || member === undefined) return;
  if (!member.connections.delete(connectionId)) return;
  if (member.connections.size > 0) return showLatest(transaction, roster, { member });
  if (graceMs > 0) member.leavesAt = transaction.now + graceMs;
  else left(transaction, roster, user);
}

function left(transaction: Transaction, roster: StoredRoster, user: string): void {
  const { state, emit } = transaction;
  const { room } = roster;
  roster.members.delete(user);
  roster.offset = transaction.nextOffset();
  if (room !== undefined && roster.members.size === 0) state.rosters.delete(rosterKey(room));
  const { offset: off, members } = roster;
  emit({ kind: "presence", event: { kind: "left", room, user, stream: 0, off, total: members.size } });
}

function announceJoined(
  { emit, nextOffset }: Transaction,
  roster: StoredRoster,
  { member, change }: { readonly member: StoredMember; readonly change: "new" | "profile" | "state" },
): void {
  const { room } = roster;
  const off = (roster.offset = nextOffset());
  const total = roster.members.size;
  const { entry } = member;
  const kind = { isNew: change === "new", ...(change === "state" && { isStateOnly: true }) };
  emit({ kind: "presence", event: { kind: "joined", room, entry, ...kind, stream: 0, off, total } });
}

function rosterOf(state: SharedState, room: string | undefined): StoredRoster {
  const key = rosterKey(room);
  let roster = state.rosters.get(key);
  if (roster === undefined) {
    roster = { room, members: new Map(), offset: 0 };
    state.rosters.set(key, roster);
  }
  return roster;
}

const rosterKey = (room: string | undefined): string => (room === undefined ? "" : `r${room}`);
