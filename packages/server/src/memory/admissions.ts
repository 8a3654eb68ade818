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
  reserved: (Holder & { readonly at: number; readonly limit: number }) | undefined;
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
    const { user, client, attempt, connectionId, limit, policy } = request;
    const places: Places = this.#users.get(user) ?? new Map<string, Place>();
    this.#users.set(user, places);
    tidy(places, now);
    // A connection that says later which client it is must not count as two, and is open already.
    const isOpen = [...places.values()].some(({ open }) => open?.connectionId === connectionId);
    if (client !== connectionId) places.delete(connectionId);

    const place = places.get(client);
    const others = [place?.open, place?.reserved].filter((holder) => holder !== undefined);
    if (others.some((other) => attempt < other.attempt)) return { admitted: false, reason: "superseded" };
    const isFull = limit < 1 || (policy === "reject" && places.size >= limit);
    if (place === undefined && isFull) return { admitted: false, reason: "limit" };

    const replaced = others.map((other) => other.connectionId).filter((id) => id !== connectionId);
    places.set(client, {
      startedAt: place?.startedAt ?? now,
      open: isOpen ? { connectionId, attempt } : place?.open,
      reserved: isOpen ? undefined : { connectionId, attempt, at: now, limit },
    });
    return { admitted: true, replaced };
  }

  /** @returns the connections of the oldest clients that are over the limit now; they have no place any more */
  opened(user: string, connectionId: string): string[] {
    const places = this.#users.get(user) ?? new Map<string, Place>();
    for (const place of places.values()) {
      const { reserved } = place;
      if (reserved?.connectionId !== connectionId) continue;
      place.open = reserved;
      place.reserved = undefined;
      return evict(places, { besides: connectionId, limit: reserved.limit });
    }
    return [];
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
    if (place.open === undefined && place.reserved === undefined) places.delete(client);
  }
}

function evict(places: Places, { besides, limit }: { besides: string; limit: number }): string[] {
  const open = [...places.values()]
    .flatMap((place) =>
      place.open === undefined ? [] : [{ id: place.open.connectionId, at: place.startedAt }],
    )
    .sort((a, b) => a.at - b.at);
  const over = open.filter(({ id }) => id !== besides).slice(0, Math.max(0, open.length - limit));
  for (const { id } of over) vacate(places, id);
  return over.map(({ id }) => id);
}
