// The connection slots of each user, over all connections of the node.
// The memory backplane calls it for each handshake, open and close.
// A user never has more open clients than the limit, and the newest attempt of a client takes over its slot.

import type { Admission, AdmissionRequest, ClientRef, Eviction, PresenceOp } from "../backplane.ts";

interface Reservation {
  readonly connectionId: string;
  readonly attempt: number;
  readonly at: number;
  readonly limit: number;
}

/** The slot of one client. A reservation does not close an open connection, because the new one may never open. */
interface Slot {
  readonly client: string;
  /** The open connection; below, its attempt. */
  connectionId: string | undefined;
  attempt: number;
  reserved: Reservation | undefined;
}

/**
 * The slots of a user, in the order in which their connections opened. Most users have one slot, which needs no list; an open
 * plain connection, whose client id is its connection id, is stored as that id. Lists are replaced, never grown.
 */
type OneOrManySlots = string | Slot | readonly Slot[];

type OnlineOp = Extract<PresenceOp, { readonly op: "+" }>;

interface EvictionBound {
  readonly besides: string;
  readonly limit: number;
}

/** How long a reservation lasts if the connection never opens. */
const RESERVATION_MS = 10_000;

/** The connection slots of all users. */
export class Admissions {
  readonly #users = new Map<string, OneOrManySlots>();

  get size(): number {
    return this.#users.size;
  }

  admit(request: AdmissionRequest, now: number): Admission {
    const { user, client, attempt, connectionId, limit, policy } = request;
    let slots = this.#slotsOf(user);
    dropExpired(slots, now);
    // A connection that adopts a client id with its `hello` is already open, and must not count twice.
    const isOpen = slots.some((slot) => slot.connectionId === connectionId);
    slots = slots.filter(
      (slot) => isTaken(slot) && (client === connectionId || slot.client !== connectionId),
    );
    // A probe must not create an entry for a user without a slot.
    if (request.isProbe !== true) this.#store(user, slots);

    const slot = slots.find((other) => other.client === client);
    if (slot !== undefined && attempt < Math.max(slot.attempt, slot.reserved?.attempt ?? 0))
      return { admitted: false, reason: "superseded" };
    const isFull = limit < 1 || (policy === "reject" && slots.length >= limit);
    if (slot === undefined && isFull) return { admitted: false, reason: "limit" };

    const answer = slot === undefined ? ADMITTED : replacedBy(slot, connectionId);
    if (request.isProbe === true) return answer;
    const ownSlot = slot ?? {
      client,
      connectionId: undefined,
      attempt: 0,
      reserved: undefined,
    };
    if (isOpen) {
      ownSlot.connectionId = connectionId;
      ownSlot.attempt = attempt;
      ownSlot.reserved = undefined;
    } else ownSlot.reserved = { connectionId, attempt, at: now, limit };
    this.#store(user, slot === undefined ? [...slots, ownSlot] : slots);
    return answer;
  }

  /** @returns the connections that have lost their slot: the oldest ones above the limit, and those of older attempts */
  opened(op: OnlineOp): readonly Eviction[] {
    const { user, connectionId } = op;
    const slots = this.#slotsOf(user);
    const slot = slots.find(({ reserved }) => reserved?.connectionId === connectionId);
    if (slot?.reserved === undefined) return this.#declare(op, slots);
    const { attempt, limit } = slot.reserved;
    slot.connectionId = connectionId;
    slot.attempt = attempt;
    slot.reserved = undefined;
    return this.#evict(user, withLast(slots, slot), { besides: connectionId, limit });
  }

  /** Declares an open connection without a reservation: it is already counted, or its reservation has expired. */
  #declare(op: OnlineOp, slots: readonly Slot[]): readonly Eviction[] {
    const { user, connectionId, client, attempt = 1, limit } = op;
    if (client === undefined || limit === undefined) return NO_EVICTIONS;
    if (slots.some((slot) => slot.connectionId === connectionId)) return NO_EVICTIONS;
    const slot = slots.find((other) => other.client === client);
    if (slot === undefined) {
      const declared = [...slots, { client, connectionId, attempt, reserved: undefined }];
      return this.#evict(user, declared, { besides: connectionId, limit });
    }
    if (attempt < Math.max(slot.attempt, slot.reserved?.attempt ?? 0))
      return [{ user, connectionId, reason: "superseded" }];
    const older = slot.connectionId;
    slot.connectionId = connectionId;
    slot.attempt = attempt;
    this.#store(user, withLast(slots, slot));
    return older === undefined ? NO_EVICTIONS : [{ user, connectionId: older, reason: "superseded" }];
  }

  #evict(user: string, slots: readonly Slot[], bound: EvictionBound): readonly Eviction[] {
    const evicted = slots.length > bound.limit ? overLimit(slots, bound) : NO_SLOTS;
    for (const id of evicted) releaseSlot(slots, id);
    this.#store(user, evicted.length > 0 ? slots.filter(isTaken) : slots);
    return evicted.map((connectionId) => ({ user, connectionId, reason: "limit" }));
  }

  /** @returns the client whose open connection this was; undefined for a plain connection */
  release(user: string, connectionId: string): string | undefined {
    const slots = this.#slotsOf(user);
    const client = slots.find((slot) => slot.connectionId === connectionId)?.client;
    releaseSlot(slots, connectionId);
    this.#store(user, slots.filter(isTaken));
    return client === connectionId ? undefined : client;
  }

  /** Whether a client has an open connection. */
  isOpen({ user, client }: ClientRef): boolean {
    return this.#slotsOf(user).some((slot) => slot.client === client && slot.connectionId !== undefined);
  }

  /** Drops expired reservations. */
  sweep(now: number): void {
    for (const user of this.#users.keys()) {
      const slots = this.#slotsOf(user);
      dropExpired(slots, now);
      if (!slots.every(isTaken)) this.#store(user, slots.filter(isTaken));
    }
  }

  #slotsOf(user: string): readonly Slot[] {
    const kept = this.#users.get(user) ?? NO_CONNECTIONS;
    if (typeof kept !== "string") return "client" in kept ? [kept] : kept;
    return [{ client: kept, connectionId: kept, attempt: 1, reserved: undefined }];
  }

  #store(user: string, slots: readonly Slot[]): void {
    const [first] = slots;
    if (first === undefined) this.#users.delete(user);
    else this.#users.set(user, slots.length > 1 ? slots : isCompact(first) ? first.client : first);
  }
}

const NO_SLOTS: readonly string[] = [];
const NO_EVICTIONS: readonly Eviction[] = [];
const NO_CONNECTIONS: readonly Slot[] = [];
const ADMITTED: Admission = { admitted: true, replaced: NO_SLOTS };

/** The admission of a newer connection of the same client, which replaces the connections that held the slot. */
function replacedBy({ connectionId, reserved }: Slot, newer: string): Admission {
  const held = [connectionId, reserved?.connectionId];
  return { admitted: true, replaced: held.flatMap((id) => (id === undefined || id === newer ? [] : id)) };
}

/** Whether the client id alone describes the slot, so that the slot can be stored as a string. */
function isCompact({ client, connectionId, attempt, reserved }: Slot): boolean {
  return connectionId === client && attempt === 1 && reserved === undefined;
}

/** The same slots, with one of them as the last. */
function withLast(slots: readonly Slot[], last: Slot): readonly Slot[] {
  return slots.at(-1) === last ? slots : [...slots.filter((slot) => slot !== last), last];
}

function isTaken({ connectionId, reserved }: Slot): boolean {
  return connectionId !== undefined || reserved !== undefined;
}

function dropExpired(slots: readonly Slot[], now: number): void {
  for (const { reserved } of slots)
    if (reserved !== undefined && now - reserved.at > RESERVATION_MS)
      releaseSlot(slots, reserved.connectionId);
}

/** Empties the slots of a connection; the caller removes them from its list. */
function releaseSlot(slots: readonly Slot[], connectionId: string): void {
  for (const slot of slots) {
    if (slot.connectionId === connectionId) {
      slot.connectionId = undefined;
      slot.attempt = 0;
    }
    if (slot.reserved?.connectionId === connectionId) slot.reserved = undefined;
  }
}

function overLimit(slots: readonly Slot[], { besides, limit }: EvictionBound): string[] {
  const open = slots.flatMap(({ connectionId: id }) => id ?? []);
  return open.filter((id) => id !== besides).slice(0, Math.max(0, open.length - limit));
}
