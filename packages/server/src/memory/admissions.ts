import type { Admission, AdmissionRequest } from "../backplane.js";

interface Holder {
  readonly connectionId: string;
  readonly attempt: number;
}

/** The place of one client. What is only reserved takes nothing away from what is open: it may never open. */
interface Place {
  /** Since when the client has been here, through its reconnects. */
  readonly startedAt: number;
  open: Holder | undefined;
  reserved: (Holder & { readonly at: number }) | undefined;
  /** The connection that gets this place when it opens. */
  promisedTo: string | undefined;
}

type Places = Map<string, Place>;

/** A place that was reserved and never opened lapses after this. */
const RESERVATION_MS = 10_000;

/** How many clients each user has, so that `maxConnectionsPerUser` holds and the newest attempt of a client wins. */
export class Admissions {
  readonly #users = new Map<string, Places>();

  get size(): number {
    return this.#users.size;
  }

  admit(request: AdmissionRequest, now: number): Admission {
    const { user, client, attempt, connectionId } = request;
    const places: Places = this.#users.get(user) ?? new Map<string, Place>();
    this.#users.set(user, places);
    tidy(places, now);
    // A connection that says later which client it is must not count as two, and is open already.
    const isOpen = [...places.values()].some(({ open }) => open?.connectionId === connectionId);
    if (client !== connectionId) places.delete(connectionId);

    const place = places.get(client);
    const others = [place?.open, place?.reserved].filter((holder) => holder !== undefined);
    if (others.some((other) => attempt < other.attempt)) return { admitted: false, reason: "superseded" };
    const needsRoom = place === undefined || place.promisedTo !== undefined;
    if (needsRoom && !makeRoom(places, request)) return { admitted: false, reason: "limit" };

    const replaced = others.map((other) => other.connectionId).filter((id) => id !== connectionId);
    for (const other of places.values())
      if (other.promisedTo !== undefined && replaced.includes(other.promisedTo))
        other.promisedTo = connectionId;
    const startedAt = place?.startedAt ?? now;
    const open = isOpen ? { connectionId, attempt } : place?.open;
    const reserved = isOpen ? undefined : { connectionId, attempt, at: now };
    places.set(client, { startedAt, open, reserved, promisedTo: undefined });
    const evicted = promisedTo(places, connectionId);
    if (isOpen) this.opened(user, connectionId);
    return { admitted: true, replaced, evicted };
  }

  opened(user: string, connectionId: string): void {
    const places = this.#users.get(user) ?? new Map<string, Place>();
    for (const [client, place] of places) {
      if (place.promisedTo === connectionId) places.delete(client);
      if (place.reserved?.connectionId !== connectionId) continue;
      place.open = place.reserved;
      place.reserved = undefined;
    }
  }

  release(user: string, connectionId: string): void {
    const places = this.#users.get(user);
    if (places === undefined) return;
    vacate(places, connectionId);
    if (places.size === 0) this.#users.delete(user);
  }

  /** Drops reservations that lapsed, of users who may never come back. */
  sweep(now: number): void {
    for (const [user, places] of this.#users) {
      tidy(places, now);
      if (places.size === 0) this.#users.delete(user);
    }
  }
}

function tidy(places: Places, now: number): void {
  for (const { reserved } of [...places.values()])
    if (reserved !== undefined && now - reserved.at > RESERVATION_MS) vacate(places, reserved.connectionId);
}

function vacate(places: Places, connectionId: string): void {
  for (const [client, place] of places) {
    if (place.open?.connectionId === connectionId) place.open = undefined;
    if (place.reserved?.connectionId === connectionId) place.reserved = undefined;
    if (place.promisedTo === connectionId) place.promisedTo = undefined;
    if (place.open === undefined && place.reserved === undefined) places.delete(client);
  }
}

/** @returns whether there is a place, which may be that of the oldest; whoever is on the way in cannot be closed yet */
function makeRoom(places: Places, { limit, policy, connectionId }: AdmissionRequest): boolean {
  const taken = [...places.values()].filter((place) => place.promisedTo === undefined);
  if (taken.length < limit) return true;
  if (policy === "reject") return false;
  const [oldest] = taken
    .filter(({ reserved }) => reserved === undefined)
    .sort((a, b) => a.startedAt - b.startedAt);
  if (oldest !== undefined) oldest.promisedTo = connectionId;
  return oldest !== undefined;
}

function promisedTo(places: Places, connectionId: string): string[] {
  return [...places.values()].flatMap((place) =>
    place.promisedTo === connectionId && place.open !== undefined ? [place.open.connectionId] : [],
  );
}
