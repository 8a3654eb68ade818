import type { Admission, AdmissionRequest } from "../backplane.js";

interface Slot {
  readonly connectionId: string;
  readonly attempt: number;
  readonly startedAt: number;
  isOpen: boolean;
}

/** A place that was reserved and never opened lapses after this. */
const RESERVATION_MS = 10_000;

/** How many clients each user has, so that `maxConnectionsPerUser` holds and the newest attempt of a client wins. */
export class Admissions {
  readonly #users = new Map<string, Map<string, Slot>>();

  admit(request: AdmissionRequest, now: number): Admission {
    const { user, client, attempt, connectionId } = request;
    const slots = this.#users.get(user) ?? new Map<string, Slot>();
    this.#users.set(user, slots);
    this.#tidy(slots, connectionId, now);

    const replaced: string[] = [];
    const evicted: string[] = [];
    const existing = slots.get(client);
    if (existing !== undefined) {
      if (attempt < existing.attempt) return { admitted: false, reason: "superseded" };
      if (existing.connectionId !== connectionId) replaced.push(existing.connectionId);
    } else if (slots.size >= request.limit) {
      const oldest = [...slots].sort(([, a], [, b]) => a.startedAt - b.startedAt)[0];
      if (request.policy === "reject" || oldest === undefined) return { admitted: false, reason: "limit" };
      slots.delete(oldest[0]);
      evicted.push(oldest[1].connectionId);
    }
    // A client keeps its place in the queue of the oldest through its reconnects.
    const startedAt = existing?.startedAt ?? now;
    slots.delete(client);
    slots.set(client, { connectionId, attempt, startedAt, isOpen: existing?.connectionId === connectionId });
    return { admitted: true, replaced, evicted };
  }

  opened(user: string, connectionId: string): void {
    for (const slot of this.#users.get(user)?.values() ?? [])
      if (slot.connectionId === connectionId) slot.isOpen = true;
  }

  release(user: string, connectionId: string): void {
    const slots = this.#users.get(user);
    if (slots === undefined) return;
    for (const [client, slot] of slots) if (slot.connectionId === connectionId) slots.delete(client);
    if (slots.size === 0) this.#users.delete(user);
  }

  /** Drops reservations that lapsed, of users who may never come back. */
  sweep(now: number): void {
    for (const [user, slots] of this.#users) {
      this.#tidy(slots, undefined, now);
      if (slots.size === 0) this.#users.delete(user);
    }
  }

  /** `connectionId`: a connection that says who it is for the second time must not count as two clients. */
  #tidy(slots: Map<string, Slot>, connectionId: string | undefined, now: number): void {
    for (const [client, slot] of slots) {
      const lapsed = !slot.isOpen && now - slot.startedAt > RESERVATION_MS;
      if (lapsed || (slot.connectionId === connectionId && client === connectionId)) slots.delete(client);
    }
  }
}
