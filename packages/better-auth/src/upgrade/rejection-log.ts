import { callLogger, printableAscii } from "@halyard/protocol/internal";
import type { WarningLogger } from "../identity/warning-logger.ts";

const MAX_LOGGED = 100;
const MAX_ORIGIN_LENGTH = 80;

/** Logs each rejected origin, of a page or of a ticket, once, and at most 100 rejections in all, so that a scanner cannot fill the log. */
export class RejectionLog {
  readonly #logger: WarningLogger;
  readonly #development: boolean;
  readonly #logged = new Set<string>();

  /** @param development whether a warning shows the line of configuration that would allow the origin */
  constructor(logger: WarningLogger, development: boolean) {
    this.#logger = logger;
    this.#development = development;
  }

  origin(value: string): void {
    // The message contains the origin inside a line of code to copy, so quotes and backslashes are replaced, too.
    const origin = printableAscii(value, MAX_ORIGIN_LENGTH).replace(/["\\]/g, "?");
    this.#logOnce(origin, { event: "origin_refused", origin }, this.#originMessage(origin));
  }

  missingOrigin(): void {
    const message =
      "Refused a connection with a cookie and without Origin: browsers always send one, other clients need a bearer token or a ticket.";
    this.#logOnce("", { event: "origin_missing" }, message);
  }

  secretInUrl(): void {
    const message =
      "Refused a connection with a token in its URL, where every proxy logs it: send it as Authorization, or as a ticket among the subprotocols.";
    this.#logOnce("?", { event: "secret_in_url" }, message);
  }

  /** @param from null for a client that sends no `Origin` */
  ticketOrigin(issuedTo: string, from: string | null): void {
    const [page, other] = [issuedTo, from ?? ""].map((origin) => printableAscii(origin, MAX_ORIGIN_LENGTH));
    const came = from === null ? "came without Origin" : `came from ${other}`;
    const message = `Refused a ticket that was issued to ${page} and ${came}: the page that fetches a ticket has to be the one that connects with it.`;
    this.#logOnce(
      `ticket ${page} ${other}`,
      { event: "ticket_origin", issuedTo: page, origin: other },
      message,
    );
  }

  #originMessage(origin: string): string {
    const rejection = `Refused a connection from the origin ${origin}: it is not among the trustedOrigins of Better Auth.`;
    return this.#development
      ? `${rejection} To allow it: betterAuth({ trustedOrigins: ["${origin}"] })`
      : rejection;
  }

  #logOnce(key: string, fields: object, message: string): void {
    if (this.#logged.has(key) || this.#logged.size >= MAX_LOGGED) return;
    this.#logged.add(key);
    if (this.#logger !== false) callLogger(this.#logger, "warn", { fields, message });
  }
}
