import { HalyardError } from "@halyard/protocol/wire";
import type { UpgradeRequest } from "@halyard/server";
import type { AuthContext } from "better-auth";
import type { BetterAuthInstance, SessionOf } from "../identity/auth-instance.ts";
import { credentialsOf } from "./credentials.ts";
import type { BetterAuthAuthenticatorOptions } from "../options.ts";
import { OriginPolicy } from "./origin-policy.ts";
import type { SessionReader } from "../identity/session-reader.ts";
import type { Whence } from "../identity/identity-origins.ts";
import { audienceOf, redeemTicket } from "../identity/tickets.ts";
import { isTrustedOrigin } from "./trusted-origins.ts";

/** The look at an upgrade request: from where, with which credential, of whom. */
export class Door<TAuth extends BetterAuthInstance> {
  readonly #reader: SessionReader<TAuth>;
  readonly #options: BetterAuthAuthenticatorOptions;
  #policy: OriginPolicy | undefined;

  constructor(reader: SessionReader<TAuth>, options: BetterAuthAuthenticatorOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  /** @throws HalyardError `forbidden` or `unavailable` */
  async identify(request: UpgradeRequest): Promise<SessionOf<TAuth> | null> {
    const context = await this.#reader.context();
    const credentials = credentialsOf(request);
    this.#policy ??= new OriginPolicy(context, this.#options);
    const headers = await this.#orUnavailable(this.#policy.accept(context, request, credentials));
    if (credentials.ticket === undefined) return this.#reader.read(headers);
    const origin = headers.get("origin");
    const host = headers.get("host") ?? undefined;
    const identity = await this.redeem(credentials.ticket, { origin, host });
    if (identity === null) return null;
    const isAlone = !headers.has("cookie") && !credentials.bearer;
    const other = isAlone ? null : await this.#reader.read(headers);
    return (other ?? identity).user.id === identity.user.id ? identity : null;
  }

  /** Whether pages of this origin may read why they were refused. */
  async trustsOrigin(origin: string, headers: Headers): Promise<boolean> {
    return isTrustedOrigin(await this.#reader.context(), origin, headers);
  }

  /** Uses a ticket up, for a connection of this origin. */
  async redeem(ticket: string, { origin, host }: Whence): Promise<SessionOf<TAuth> | null> {
    const context: AuthContext = await this.#reader.context();
    const claim = await this.#orUnavailable(redeemTicket(context, ticket));
    if (claim?.audience !== audienceOf(context)) return null;
    if (claim.origin !== null && origin !== undefined && claim.origin !== origin) return null;
    return this.#reader.readToken(claim.token, host);
  }

  async #orUnavailable<TResult>(pending: Promise<TResult>): Promise<TResult> {
    try {
      return await pending;
    } catch (error) {
      throw error instanceof HalyardError ? error : this.#reader.unavailable(error);
    }
  }
}
