import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";
import type { IncomingRequest, RequestSource } from "../security/client-address.ts";
import type { RawRequest, UpgradeRequest } from "../types.ts";

/** A request, and where it comes from. */
export class LocatedRequest implements UpgradeRequest {
  readonly source: RequestSource;
  /** What the decision waits for, for the report of a time-out. */
  awaits: "allowedOrigins" | "authenticate" | "backplane" = "authenticate";
  readonly #request: IncomingRequest;
  readonly #isOfUnknownPage: (request: LocatedRequest) => boolean;

  constructor(
    request: IncomingRequest,
    source: RequestSource,
    isOfUnknownPage: (request: LocatedRequest) => boolean,
  ) {
    this.#request = request;
    this.source = source;
    this.#isOfUnknownPage = isOfUnknownPage;
  }

  /** Whether a browser sent it for a page that nobody has let in so far. */
  get isOfUnknownPage(): boolean {
    return this.#isOfUnknownPage(this);
  }

  get url(): string {
    return this.#request.url;
  }

  get headers(): Headers {
    return this.#request.headers;
  }

  /** The entries, which say its type, have passed it here. */
  get raw(): RawRequest {
    return this.#request.raw as RawRequest;
  }

  get ticket(): string | undefined {
    const offers = (this.headers.get("sec-websocket-protocol") ?? "").split(",").map((offer) => offer.trim());
    const [first, ...others] = offers.filter((offer) => offer.startsWith(TICKET_PREFIX));
    return others.length > 0 ? "" : first?.slice(TICKET_PREFIX.length);
  }

  /** The client's address in place of its proxy's. */
  get remoteAddress(): string | undefined {
    return this.source.address;
  }
}

/** Carries the ticket of a plain GET: `fetch` lets no page offer subprotocols. */
export const TICKET_HEADER = "halyard-ticket";

/** The request with the ticket of its header as an offered subprotocol, where authenticators look for it. */
export function withTicketOffer(request: IncomingRequest): IncomingRequest {
  const ticket = request.headers.get(TICKET_HEADER);
  if (ticket === null || !/^[\w.~-]+$/.test(ticket)) return request;
  const headers = new Headers(request.headers);
  headers.set("sec-websocket-protocol", `${SUBPROTOCOL}, ${TICKET_PREFIX}${ticket}`);
  const { url, raw, remoteAddress, isOnUnixSocket } = request;
  return { url, raw, remoteAddress, isOnUnixSocket: isOnUnixSocket === true, headers };
}
