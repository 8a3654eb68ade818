import type { Admission, AdmissionRequest } from "../backplane.ts";

interface Reservation {
  readonly connectionId: string;
  readonly attempt: number;
  readonly at: number;
  readonly limit: number;
}

/** The place of one client. What is only reserved takes nothing away from what is open: it may never open. */
interface Slot {
  readonly client: string;
  /** What is open, and its attempt. */
  connectionId: string | undefined;
  attempt: number;
  reserved: Reservation | undefined;
}

/**
 * The places of a user, the oldest client first. Most users have one, which needs no list; and of a connection that is a
 * client of its own, and open, the id is all that there is to keep. Lists are replaced, never grown.
 */
type OneOrManySlots = string | Slot | readonly Slot[];

/** A place that was reserved and never opened lapses after this. */
const RESERVATION_MS = 10_000;

/** How many clients each user has, so that `maxConnectionsPerUser` holds and the newest attempt of a client wins. */
export class Admissions {
  readonly #users = new Map<string, OneOrManySlots>();

  get size(): number {
    return this.#users.size;
  }

  admit(request: AdmissionRequest, now: number): Admission {
    const { user, client, attempt, connectionId, limit, policy } = request;
    let places = this.#places(user);
    dropExpired(places, now);
    // A connection that says later which client it is must not count as two, and is open already.
    const isOpen = places.some((slot) => slot.connectionId === connectionId);
    places = places.filter(
      (slot) => isTaken(slot) && (client === connectionId || slot.client !== connectionId),
    );
    this.#store(user, places);

    const slot = places.find((other) => other.client === client);
    if (slot !== undefined && attempt < Math.max(slot.attempt, slot.reserved?.attempt ?? 0))
      return { admitted: false, reason: "superseded" };
    const isFull = limit < 1 || (policy === "reject" && places.length >= limit);
    if (slot === undefined && isFull) return { admitted: false, reason: "limit" };

    const answer = slot === undefined ? ADMITTED : replacedBy(slot, connectionId);
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
    this.#store(user, slot === undefined ? [...places, ownSlot] : places);
    return answer;
  }

  /** @returns the connections of the oldest clients that are over the limit now; they have no place any more */
  opened(user: string, connectionId: string): readonly string[] {
    const places = this.#places(user);
    const slot = places.find(({ reserved }) => reserved?.connectionId === connectionId);
    if (slot?.reserved === undefined) return NO_SLOTS;
    const { attempt, limit } = slot.reserved;
    slot.connectionId = connectionId;
    slot.attempt = attempt;
    slot.reserved = undefined;
    const evicted = places.length > limit ? overLimit(places, { besides: connectionId, limit }) : NO_SLOTS;
    for (const id of evicted) releaseSlot(places, id);
    this.#store(user, evicted.length > 0 ? places.filter(isTaken) : places);
    return evicted;
  }

  release(user: string, connectionId: string): void {
    const places = this.#places(user);
    releaseSlot(places, connectionId);
    this.#store(user, places.filter(isTaken));
  }

  /** Drops reservations that lapsed, of users who may never come back. */
  sweep(now: number): void {
    for (const user of this.#users.keys()) {
      const places = this.#places(user);
      dropExpired(places, now);
      if (!places.every(isTaken)) this.#store(user, places.filter(isTaken));
    }
  }

  #places(user: string): readonly Slot[] {
    const kept = this.#users.get(user) ?? NO_CONNECTIONS;
    if (typeof kept !== "string") return "client" in kept ? [kept] : kept;
    return [{ client: kept, connectionId: kept, attempt: 1, reserved: undefined }];
  }

  #store(user: string, places: readonly Slot[]): void {
    const [first] = places;
    if (first === undefined) this.#users.delete(user);
    else this.#users.set(user, places.length > 1 ? places : isCompact(first) ? first.client : first);
  }
}

const NO_SLOTS: readonly string[] = [];
const NO_CONNECTIONS: readonly Slot[] = [];
const ADMITTED: Admission = { admitted: true, replaced: NO_SLOTS };

/** A newer connection of the same client takes its place, and whatever held it goes. */
function replacedBy({ connectionId, reserved }: Slot, newer: string): Admission {
  const held = [connectionId, reserved?.connectionId];
  return { admitted: true, replaced: held.flatMap((id) => (id === undefined || id === newer ? [] : id)) };
}

/** Whether its id says everything. */
function isCompact({ client, connectionId, attempt, reserved }: Slot): boolean {
  return connectionId === client && attempt === 1 && reserved === undefined;
}

function isTaken({ connectionId, reserved }: Slot): boolean {
  return connectionId !== undefined || reserved !== undefined;
}

function dropExpired(places: readonly Slot[], now: number): void {
  for (const { reserved } of places)
    if (reserved !== undefined && now - reserved.at > RESERVATION_MS)
      releaseSlot(places, reserved.connectionId);
}

/** Leaves places empty; whoever keeps the list drops them. */
function releaseSlot(places: readonly Slot[], connectionId: string): void {
  for (const slot of places) {
    if (slot.connectionId === connectionId) {
      slot.connectionId = undefined;
      slot.attempt = 0;
    }
    if (slot.reserved?.connectionId === connectionId) slot.reserved = undefined;
  }
}

function overLimit(
  places: readonly Slot[],
  { besides, limit }: { readonly besides: string; readonly limit: number },
): string[] {
  const open = places.flatMap(({ connectionId: id }) => id ?? []);
  return open.filter((id) => id !== besides).slice(0, Math.max(0, open.length - limit));
}
