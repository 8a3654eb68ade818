// Single-use tickets: their format, their row in Better Auth's verification store, and their place in an upgrade request.
// The plugin's endpoint issues a ticket; the upgrade authenticator and `renew` redeem it.
// Guarantees that a ticket is redeemed at most once, and that the store contains only its hash.
import { createHash, randomBytes } from "node:crypto";
import type { AuthContext } from "better-auth";

/** The data that a ticket stands for. It is stored until the ticket is redeemed or expires. */
export interface TicketClaim {
  /** The session's token. A ticket whose session has ended is not valid. */
  readonly token: string;
  /** The origin of the page that requested the ticket; null for native clients and servers. */
  readonly origin: string | null;
  /** The audience of the plugin that issued the ticket. */
  readonly audience: string;
}

// 32 bytes as base64url, without padding.
const TICKET_FORMAT = /^[\w-]{43}$/;

const TICKET_IDENTIFIER_PREFIX = "halyard-ticket:";

/** @returns the ticket: 256 random bits as base64url */
export async function issueTicket(context: AuthContext, claim: TicketClaim, ttlMs: number): Promise<string> {
  const ticket = randomBytes(32).toString("base64url");
  await context.internalAdapter.createVerificationValue({
    identifier: identifierOf(ticket),
    value: JSON.stringify(claim),
    expiresAt: new Date(Date.now() + ttlMs),
  });
  return ticket;
}

/** Redeems a ticket: of any number of calls for the same ticket, exactly one gets the claim, the others get null. */
export async function redeemTicket(context: AuthContext, ticket: string): Promise<TicketClaim | null> {
  if (!TICKET_FORMAT.test(ticket)) return null;
  const row = await context.internalAdapter.consumeVerificationValue(identifierOf(ticket));
  return row === null ? null : (JSON.parse(row.value) as TicketClaim);
}

/** The audience whose tickets are valid in this context: that of its `halyard` plugin. */
export function audienceOf(context: AuthContext): string {
  const audience: unknown = context.getPlugin("halyard")?.options?.["audience"];
  return typeof audience === "string" ? audience : "";
}

function identifierOf(ticket: string): string {
  return `${TICKET_IDENTIFIER_PREFIX}${createHash("sha256").update(ticket).digest("base64url")}`;
}
