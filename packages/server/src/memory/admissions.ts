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
  /** The connection that has this place once it opens. */
  promisedTo: string | undefined;
}

type Places = Map<string, Place>;

/** A place that was reserved and never opened lapses after this. */
const RESERVATION_MS = 10_000;

/** How many clients each user has, so that `maxConnectionsPerUser` holds and the newest attempt of a client wins. */
export class Admissions {
  readonly #users = new Map<string, Places>();

  admit(request: AdmissionRequest, now: number): Admission {
    const { user, client, attempt, connectionId } = request;
    const places: Places = this.#users.get(user) ?? new Map<string, Place>();
    this.#users.set(user, places);
    tidy(places, now);
    // A connection that says later which client it is must not count as two, and is open already.
    const isOpen = client !== connectionId && places.get(connectionId)?.open !== undefined;
    if (client !== connectionId) places.delete(connectionId);

    const place = places.get(client);
    const before = [place?.open, place?.reserved].filter((holder) => holder !== undefined);
    if (before.some((holder) => attempt < holder.attempt)) return { admitted: false, reason: "superseded" };
    if ((place === undefined || place.promisedTo !== undefined) && !makeRoom(places, request))
      return { admitted: false, reason: "limit" };

    const holder = { connectionId, attempt };
    const startedAt = place?.startedAt ?? now;
    places.set(
      client,
      isOpen
        ? { startedAt, open: holder, reserved: undefined, promisedTo: undefined }
        : { startedAt, open: place?.open, reserved: { ...holder, at: now }, promisedTo: undefined },
    );
    const replaced = new Set(before.map((earlier) => earlier.connectionId));
    replaced.delete(connectionId);
    for (const { promisedTo, ...other } of places.values())
      if (promisedTo !== undefined && replaced.has(promisedTo))
        Object.assign(other, { promisedTo: connectionId });
    return { admitted: true, replaced: [...replaced], evicted: promised(places, connectionId) };
  }
}
