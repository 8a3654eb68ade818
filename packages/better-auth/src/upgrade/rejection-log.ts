import type { Logger } from "@halyard/server";

const MAX_LOGGED = 100;
const MAX_ORIGIN_LENGTH = 80;

/** Writes each refused origin once, and at most a hundred of them: a scanner must not fill the log. */
export class RefusalLog {
  readonly #logger: Pick<Logger, "warn">;
  readonly #development: boolean;
  readonly #seen = new Set<string>();

  constructor(logger: Pick<Logger, "warn">, development: boolean) {
    this.#logger = logger;
    this.#development = development;
  }

  origin(value: string): void {
    const origin = printable(value);
    this.#once(origin, { event: "origin_refused", origin }, this.#originMessage(origin));
  }

  missingOrigin(): void {
    const message =
      "Refused a connection with a cookie and without Origin: browsers always send one, other clients need a bearer token or a ticket.";
    this.#once("", { event: "origin_missing" }, message);
  }

  secretInUrl(): void {
    const message =
      "Refused a connection with a token in its URL, where every proxy logs it: send it as Authorization, or as a ticket among the subprotocols.";
    this.#once("?", { event: "secret_in_url" }, message);
  }

  #originMessage(origin: string): string {
    const refused = `Refused a connection from the origin ${origin}: it is not among the trustedOrigins of Better Auth.`;
    return this.#development
      ? `${refused} To allow it: betterAuth({ trustedOrigins: ["${origin}"] })`
      : refused;
  }

  #once(key: string, fields: object, message: string): void {
    if (this.#seen.has(key) || this.#seen.size >= MAX_LOGGED) return;
    this.#seen.add(key);
    this.#logger.warn(fields, message);
  }
}

function printable(origin: string): string {
  return origin.slice(0, MAX_ORIGIN_LENGTH).replace(/[^\x20-\x7e]|["\\]/g, "?");
}
