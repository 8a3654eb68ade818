import { ADDRESS_HEADER } from "../auth.ts";
import type { LineStore } from "./line-store.ts";
import type { SignOuts } from "./sign-outs.ts";
import { networkOf } from "./network-of.ts";
import type { VisitTickets } from "./visit-tickets.ts";

export interface StartVisitOptions {
  readonly tickets: VisitTickets;
  readonly lines: Pick<LineStore, "deleteBefore">;
  readonly signOuts: Pick<SignOuts, "deleteBefore">;
  readonly now?: (() => number) | undefined;
}

/** The most visits that one address, or one customer with a network of IPv6, may start within {@link WINDOW_MS}. */
const MAX_VISITS = 30;
const WINDOW_MS = 10 * 60_000;
const KEPT_MS = 60 * 60_000;

/** Answers the request that starts a visit: each address may start {@link MAX_VISITS} in {@link WINDOW_MS}. */
export function createStartVisit({ tickets, lines, signOuts, now = Date.now }: StartVisitOptions) {
  let visitsByAddress = new Map<string, number>();
  let windowEndsAt = 0;
  return (request: Request): Response => {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    if (now() >= windowEndsAt) {
      visitsByAddress = new Map();
      windowEndsAt = now() + WINDOW_MS;
      for (const store of [lines, signOuts]) store.deleteBefore(new Date(now() - KEPT_MS).toISOString());
    }
    const address = networkOf(request.headers.get(ADDRESS_HEADER) ?? "");
    const visits = (visitsByAddress.get(address) ?? 0) + 1;
    if (visits > MAX_VISITS) {
      const seconds = Math.ceil((windowEndsAt - now()) / 1_000);
      return new Response(null, { status: 429, headers: { "retry-after": String(seconds) } });
    }
    visitsByAddress.set(address, visits);
    return Response.json(tickets.issue(address));
  };
}
