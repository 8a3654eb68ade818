import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Guest, Visit } from "../../shared/visit.ts";
import { GUESTS } from "../../shared/visit.ts";

/** The guest that a ticket lets in. */
interface Visitor {
  readonly room: string;
  readonly guest: Guest;
}

export interface VisitTickets {
  /** A new room, and a ticket for each of its two guests. */
  issue(): Visit;
  /** @returns undefined for a ticket that is forged, damaged or too old */
  read(ticket: string): Visitor | undefined;
}

const LIFETIME_MS = 60 * 60_000;
/** Letters, digits, `-` and `_`; the parts of a ticket are joined by dots. */
const TICKET = /^(visit-[\w-]{22})\.(you|companion)\.(\d{13})\.([\w-]{43})$/;

/** Signed tickets: every node that knows the secret can read them, and none has to keep them. */
export function createVisitTickets(secret: string, now: () => number = Date.now): VisitTickets {
  const key = createHmac("sha256", secret).update("visit tickets").digest();
  const sign = (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  const ticketFor = (room: string, guest: Guest, expiresAt: number) => {
    const text = `${room}.${guest}.${expiresAt}`;
    return `${text}.${sign(text)}`;
  };
  return {
    issue() {
      const room = `visit-${randomBytes(16).toString("base64url")}`;
      const expiresAt = now() + LIFETIME_MS;
      const [you, companion] = GUESTS.map((guest) => ticketFor(room, guest, expiresAt));
      return { room, tickets: { you: you ?? "", companion: companion ?? "" }, expiresAt };
    },
    read(ticket) {
      const [, room, name, expiresAt, signature] = TICKET.exec(ticket) ?? [];
      const guest = GUESTS.find((each) => each === name);
      if (room === undefined || guest === undefined || signature === undefined) return undefined;
      const isOurs = timingSafeEqual(
        Buffer.from(signature),
        Buffer.from(sign(`${room}.${guest}.${expiresAt}`)),
      );
      return isOurs && Number(expiresAt) > now() ? { room, guest } : undefined;
    },
  };
}
