// The operations of a shared backplane on slots, which count the clients of each user on all nodes.
// NodeBackplane sends an admission on its own; the presence operations open and release slots.
// Guarantee: the newest attempt of a client has its slot, and no user has more slots than the limit.
import type { Admission, AdmissionRequest, ClientRef, Eviction, PresenceOp } from "@halyard/server";
import { matchingMark } from "./mark-operations.ts";
import { beginRecord } from "./record-operations.ts";
import { clientKey, RECORD_MS } from "./shared-state.ts";
import type { Operation, SharedState, StoredSlot } from "./shared-state.ts";

/** The time after which a reservation ends, unless its connection opens. */
const RESERVATION_MS = 10_000;

type OnlineOp = Extract<PresenceOp, { readonly op: "+" }>;

export function admit(request: AdmissionRequest): Operation<Admission> {
  return ({ state, now }) => {
    const mark = matchingMark(state, request, now);
    if (mark !== undefined) return { admitted: false, reason: "revoked", code: mark.code };
    const { user, client, attempt, connectionId, limit, policy } = request;
    const slots = takenSlots(state, user, now);
    // A connection that gets a client id by its `hello` is open already, and must not count twice.
    const own = slots.find((slot) => slot.open?.connectionId === connectionId);
    const others = own === undefined || own.client === client ? slots : slots.filter((slot) => slot !== own);
    const slot = others.find((other) => other.client === client);
    if (slot !== undefined && attempt < attemptOf(slot)) return { admitted: false, reason: "superseded" };
    const isFull = limit < 1 || (policy === "reject" && others.length >= limit);
    if (slot === undefined && isFull) return { admitted: false, reason: "limit" };

    const replaced = idsOf(slot).filter((id) => id !== connectionId);
    if (request.isProbe === true) return { admitted: true, replaced };
    const taken = slot ?? { client, open: undefined, reserved: undefined };
    if (slot === undefined) {
      others.push(taken);
      dropOldRecord(state, request, now);
    }
    if (attempt === 1) beginRecord(state, { user, client }, now);
    if (own?.open === undefined) taken.reserved = { connectionId, attempt, at: now, limit };
    else {
      taken.open = { ...own.open, attempt };
      taken.reserved = undefined;
    }
    state.slots.set(user, others);
    return { admitted: true, replaced };
  };
}

/** Opens the slot of a connection, also when its node declares it again. @returns the connections that have lost their slot */
export function openSlot(
  state: SharedState,
  op: OnlineOp,
  { lease, now }: { readonly lease: string; readonly now: number },
): readonly Eviction[] {
  const { user, connectionId, openedAt = now } = op;
  const slots = takenSlots(state, user, now);
  const known = slots.find((each) => idsOf(each).includes(connectionId));
  const client = op.client ?? known?.client;
  if (client === undefined) return [];
  const limit = known?.reserved?.limit ?? op.limit ?? Infinity;
  const attempt = op.attempt ?? known?.reserved?.attempt ?? 1;
  // The connection may have changed its client by its hello while the store was away.
  if (known?.client !== client) releaseSlot(state, op);
  const slot = slots.find((each) => each.client === client);
  if (slot === undefined) {
    slots.push({ client, open: { connectionId, lease, attempt, openedAt }, reserved: undefined });
    state.slots.set(user, slots);
    // A connection that is declared again may be the oldest itself.
    return evictOldest(state, user, { besides: undefined, limit });
  }
  if (attempt < attemptOf(slot)) return [{ user, connectionId, reason: "superseded" }];
  const older = slot.open?.connectionId;
  slot.open = { connectionId, lease, attempt, openedAt };
  if (slot.reserved?.connectionId === connectionId) slot.reserved = undefined;
  state.slots.set(user, slots);
  const superseded: Eviction[] =
    older === undefined || older === connectionId
      ? []
      : [{ user, connectionId: older, reason: "superseded" }];
  return [...superseded, ...evictOldest(state, user, { besides: connectionId, limit })];
}

/** Releases the slot of a connection that has closed or will not open. */
export function releaseSlot(
  state: SharedState,
  { user, connectionId }: { readonly user: string; readonly connectionId: string },
  now?: number,
): void {
  const slots = state.slots.get(user) ?? [];
  for (const slot of slots) {
    if (slot.open?.connectionId === connectionId) freeSlot(state, user, { slot, now });
    if (slot.reserved?.connectionId === connectionId) slot.reserved = undefined;
  }
  keepTaken(state, user, slots);
}

/** Releases the slots of a lease that has ended. */
export function releaseLease(state: SharedState, lease: string, now: number): void {
  for (const [user, slots] of state.slots) {
    for (const slot of slots) if (slot.open?.lease === lease) freeSlot(state, user, { slot, now });
    keepTaken(state, user, slots);
  }
}

/** Ends the connection of a slot. The record of the client expires {@link RECORD_MS} from now. */
function freeSlot(
  state: SharedState,
  user: string,
  { slot, now }: { readonly slot: StoredSlot; readonly now: number | undefined },
): void {
  slot.open = undefined;
  const record = state.clients.get(clientKey({ user, client: slot.client }));
  if (record !== undefined && now !== undefined) record.usedAt = now;
}

/** Deletes the record of a client that had no connection for more than {@link RECORD_MS}. */
function dropOldRecord(state: SharedState, client: ClientRef, now: number): void {
  const key = clientKey(client);
  const record = state.clients.get(key);
  if (record !== undefined && now - record.usedAt > RECORD_MS) state.clients.delete(key);
}

function takenSlots(state: SharedState, user: string, now: number): StoredSlot[] {
  const slots = state.slots.get(user) ?? [];
  for (const slot of slots)
    if (slot.reserved !== undefined && now - slot.reserved.at > RESERVATION_MS) slot.reserved = undefined;
  return slots.filter(isTaken);
}

function keepTaken(state: SharedState, user: string, slots: readonly StoredSlot[]): void {
  const taken = slots.filter(isTaken);
  if (taken.length > 0) state.slots.set(user, taken);
  else state.slots.delete(user);
}

function evictOldest(
  state: SharedState,
  user: string,
  { besides, limit }: { readonly besides: string | undefined; readonly limit: number },
): readonly Eviction[] {
  const open = (state.slots.get(user) ?? []).flatMap((slot) => slot.open ?? []);
  const evicted = open
    .toSorted((a, b) => a.openedAt - b.openedAt)
    .filter(({ connectionId }) => connectionId !== besides)
    .slice(0, Math.max(0, open.length - limit));
  for (const { connectionId } of evicted) releaseSlot(state, { user, connectionId });
  return evicted.map(({ connectionId }) => ({ user, connectionId, reason: "limit" }));
}

const isTaken = (slot: StoredSlot): boolean => slot.open !== undefined || slot.reserved !== undefined;

const attemptOf = ({ open, reserved }: StoredSlot): number =>
  Math.max(open?.attempt ?? 0, reserved?.attempt ?? 0);

const idsOf = (slot: StoredSlot | undefined): string[] =>
  [slot?.open?.connectionId, slot?.reserved?.connectionId].flatMap((id) => id ?? []);
