import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Guest, Visit } from "../../shared/visit.ts";
import { GUESTS } from "../../shared/visit.ts";

/** The guest of a ticket. */
export interface Visitor {
  readonly room: string;
  readonly canvas: string;
  readonly guest: Guest;
  /** The end of the visit, in ms since 1970. */
  readonly expiresAt: number;
}

export interface VisitTickets {
  /** Creates a room and a ticket for each of its two guests. The canvas is the same for all visits from an address. */
  issue(address: string): Visit;
  /** @returns undefined for a ticket that is forged, damaged or too old */
  read(ticket: string): Visitor | undefined;
}

const LIFETIME_MS = 60 * 60_000;
/** A ticket: room, canvas, guest, expiry and signature, joined by dots. */
const TICKET = /^(visit-[\w-]{22})\.(canvas-[\w-]{22})\.(you|companion)\.(\d{13})\.([\w-]{43})$/;

/** Issues and reads signed tickets. Every node with the secret can read them, and no node stores them. */
export function createVisitTickets(secret: string, now: () => number = Date.now): VisitTickets {
  const key = createHmac("sha256", secret).update("visit tickets").digest();
  const sign = (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  return {
    issue(address) {
      const room = `visit-${randomBytes(16).toString("base64url")}`;
      // A hash, because tickets and room names must not contain the address.
      const canvas = `canvas-${sign(`canvas of ${address}`).slice(0, 22)}`;
      const expiresAt = now() + LIFETIME_MS;
      const ticketFor = (guest: Guest) => {
        const text = `${room}.${canvas}.${guest}.${expiresAt}`;
        return `${text}.${sign(text)}`;
      };
      return {
        room,
        canvas,
        tickets: { you: ticketFor("you"), companion: ticketFor("companion") },
        expiresAt,
      };
    },
    read(ticket) {
      const [, room, canvas, name, expiry, signature] = TICKET.exec(ticket) ?? [];
      const guest = GUESTS.find((each) => each === name);
      if (room === undefined || canvas === undefined || guest === undefined || signature === undefined)
        return undefined;
      const isOurs = timingSafeEqual(
        Buffer.from(signature),
        Buffer.from(sign(`${room}.${canvas}.${guest}.${expiry}`)),
      );
      const expiresAt = Number(expiry);
      return isOurs && expiresAt > now() ? { room, canvas, guest, expiresAt } : undefined;
    },
  };
}
