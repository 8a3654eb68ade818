import { createHash, randomBytes } from "node:crypto";
import { TICKET_PREFIX } from "@halyard/protocol/wire";
import type { AuthContext } from "better-auth";

/** What a ticket stands for; kept in Better Auth's verification store until it is used or 30 s are over. */
export interface TicketClaim {
  /** The session's token: a ticket of a session that ended meanwhile is worth nothing. */
  readonly token: string;
  /** The page that asked for it; null for native clients and servers. */
  readonly origin: string | null;
  readonly audience: string;
}

export const TICKET_TTL_MS = 30_000;

const TICKET = /^[\w-]{43}$/;

/** @returns 256 random bits as base64url; only their hash is stored */
export async function issueTicket(context: AuthContext, claim: TicketClaim, ttlMs: number): Promise<string> {
  const ticket = randomBytes(32).toString("base64url");
  await context.internalAdapter.createVerificationValue({
    identifier: identifierOf(ticket),
    value: JSON.stringify(claim),
    expiresAt: new Date(Date.now() + ttlMs),
  });
  return ticket;
}

/** Uses a ticket up. Of any number at once exactly one gets the claim, the others `null`. */
export async function redeemTicket(context: AuthContext, ticket: string): Promise<TicketClaim | null> {
  if (!TICKET.test(ticket)) return null;
  const row = await context.internalAdapter.consumeVerificationValue(identifierOf(ticket));
  return row === null ? null : (JSON.parse(row.value) as TicketClaim);
}

/** The ticket among the offered subprotocols; "" when there are several, which means none that counts. */
export function offeredTicket(headers: Headers): string | undefined {
  const offers = (headers.get("sec-websocket-protocol") ?? "").split(",").map((offer) => offer.trim());
  const [first, ...others] = offers.filter((offer) => offer.startsWith(TICKET_PREFIX));
  return others.length > 0 ? "" : first?.slice(TICKET_PREFIX.length);
}

/** Which tickets count in this context: those of the `halyard` plugin's audience. */
export function audienceOf(context: AuthContext): string {
  const audience: unknown = context.getPlugin("halyard")?.options?.["audience"];
  return typeof audience === "string" ? audience : "";
}

function identifierOf(ticket: string): string {
  return `halyard-ticket:${createHash("sha256").update(ticket).digest("base64url")}`;
}
