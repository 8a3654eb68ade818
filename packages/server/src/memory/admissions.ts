import type { Admission, AdmissionRequest } from "../backplane.ts";

interface Reservation {
  readonly connectionId: string;
  readonly attempt: number;
  readonly at: number;
  readonly limit: number;
}

/** The place of one client. What is only reserved takes nothing away from what is open: it may never open. */
interface Place {
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
type Kept = string | Place | readonly Place[];

/** A place that was reserved and never opened lapses after this. */
const RESERVATION_MS = 10_000;

/** How many clients each user has, so that `maxConnectionsPerUser` holds and the newest attempt of a client wins. */
export class Admissions {
  readonly #users = new Map<string, Kept>();

  get size(): number {
    return this.#users.size;
  }

  admit(request: AdmissionRequest, now: number): Admission {
    const { user, client, attempt, connectionId, limit, policy } = request;
    let places = this.#places(user);
    tidy(places, now);
    // A connection that says later which client it is must not count as two, and is open already.
    const isOpen = places.some((place) => place.connectionId === connectionId);
    places = places.filter(
      (place) => isTaken(place) && (client === connectionId || place.client !== connectionId),
    );
    this.#keep(user, places);

    const place = places.find((other) => other.client === client);
    if (place !== undefined && attempt < Math.max(place.attempt, place.reserved?.attempt ?? 0))
      return { admitted: false, reason: "superseded" };
    const isFull = limit < 1 || (policy === "reject" && places.length >= limit);
    if (place === undefined && isFull) return { admitted: false, reason: "limit" };

    const answer = place === undefined ? ADMITTED : replacing(place, connectionId);
    const mine = place ?? {
      client,
      connectionId: undefined,
      attempt: 0,
      reserved: undefined,
    };
    if (isOpen) {
      mine.connectionId = connectionId;
      mine.attempt = attempt;
      mine.reserved = undefined;
    } else mine.reserved = { connectionId, attempt, at: now, limit };
    this.#keep(user, place === undefined ? [...places, mine] : places);
    return answer;
  }

  /** @returns the connections of the oldest clients that are over the limit now; they have no place any more */
  opened(user: string, connectionId: string): readonly string[] {
    const places = this.#places(user);
    const place = places.find(({ reserved }) => reserved?.connectionId === connectionId);
    if (place?.reserved === undefined) return NONE;
    const { attempt, limit } = place.reserved;
    place.connectionId = connectionId;
    place.attempt = attempt;
    place.reserved = undefined;
    const over = places.length > limit ? overLimit(places, { besides: connectionId, limit }) : NONE;
    for (const id of over) vacate(places, id);
    this.#keep(user, over.length > 0 ? places.filter(isTaken) : places);
    return over;
  }

  release(user: string, connectionId: string): void {
    const places = this.#places(user);
    vacate(places, connectionId);
    this.#keep(user, places.filter(isTaken));
  }

  /** Drops reservations that lapsed, of users who may never come back. */
  sweep(now: number): void {
    for (const user of this.#users.keys()) {
      const places = this.#places(user);
      tidy(places, now);
      if (!places.every(isTaken)) this.#keep(user, places.filter(isTaken));
    }
  }

  #places(user: string): readonly Place[] {
    const kept = this.#users.get(user) ?? NOBODY;
    if (typeof kept !== "string") return "client" in kept ? [kept] : kept;
    return [{ client: kept, connectionId: kept, attempt: 1, reserved: undefined }];
  }

  #keep(user: string, places: readonly Place[]): void {
    const [first] = places;
    if (first === undefined) this.#users.delete(user);
    else this.#users.set(user, places.length > 1 ? places : isPlain(first) ? first.client : first);
  }
}

const NONE: readonly string[] = [];
const NOBODY: readonly Place[] = [];
const ADMITTED: Admission = { admitted: true, replaced: NONE };

/** A newer connection of the same client takes its place, and whatever held it goes. */
function replacing({ connectionId, reserved }: Place, newer: string): Admission {
  const held = [connectionId, reserved?.connectionId];
  return { admitted: true, replaced: held.flatMap((id) => (id === undefined || id === newer ? [] : id)) };
}

/** Whether its id says everything. */
function isPlain({ client, connectionId, attempt, reserved }: Place): boolean {
  return connectionId === client && attempt === 1 && reserved === undefined;
}

function isTaken({ connectionId, reserved }: Place): boolean {
  return connectionId !== undefined || reserved !== undefined;
}

function tidy(places: readonly Place[], now: number): void {
  for (const { reserved } of places)
    if (reserved !== undefined && now - reserved.at > RESERVATION_MS) vacate(places, reserved.connectionId);
}

/** Leaves places empty; whoever keeps the list drops them. */
function vacate(places: readonly Place[], connectionId: string): void {
  for (const place of places) {
    if (place.connectionId === connectionId) {
      place.connectionId = undefined;
      place.attempt = 0;
    }
    if (place.reserved?.connectionId === connectionId) place.reserved = undefined;
  }
}

function overLimit(
  places: readonly Place[],
  { besides, limit }: { readonly besides: string; readonly limit: number },
): string[] {
  const open = places.flatMap(({ connectionId: id }) => id ?? []);
  return open.filter((id) => id !== besides).slice(0, Math.max(0, open.length - limit));
}
