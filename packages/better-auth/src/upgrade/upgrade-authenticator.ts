// Authenticates one upgrade request: its origin, then its credentials, then its user.
// The authenticator calls it for each upgrade; the session watch redeems the tickets of renewals with it.
// Guarantees that a ticket and a cookie of different users never open a connection together.
import { HalyardError } from "@halyard/protocol/wire";
import type { UpgradeRequest } from "@halyard/server";
import type { AuthContext } from "better-auth";
import type { BetterAuthInstance, SessionOf } from "../identity/auth-instance.ts";
import { BoundedReads } from "../identity/bounded-reads.ts";
import { hostHeadersOf } from "../identity/identity-origins.ts";
import type { IdentityOrigin, RequestOrigin } from "../identity/identity-origins.ts";
import type { SessionReader } from "../identity/session-reader.ts";
import { readKeyOf, SharedReads } from "../identity/shared-reads.ts";
import { audienceOf, redeemTicket } from "../identity/tickets.ts";
import { credentialsOf } from "./credentials.ts";
import { warningLogger } from "../identity/warning-logger.ts";
import { isHandshakeProbe, OriginPolicy } from "./origin-policy.ts";
import { RejectionLog } from "./rejection-log.ts";
import type { AuthenticatorSettings } from "../options.ts";
import type { OriginSettings } from "./origin-policy.ts";
import { isTrustedOrigin } from "./trusted-origins.ts";

/** A session that may open a connection, and how it was read. */
export interface AcceptedSession<TIdentity> extends Pick<IdentityOrigin, "sequence" | "source"> {
  readonly identity: TIdentity;
}

/** Finds the session that an upgrade request may use. */
export class UpgradeAuthenticator<TAuth extends BetterAuthInstance> {
  readonly #reader: SessionReader<TAuth>;
  readonly #settings: OriginSettings;
  readonly #sequence: () => number;
  readonly #bounded: BoundedReads;
  readonly #reads = new SharedReads<AcceptedSession<SessionOf<TAuth>> | null>();
  #policy: OriginPolicy | undefined;
  #rejections: RejectionLog | undefined;

  /** @param sequence returns the number of the latest change of sessions */
  constructor(
    reader: SessionReader<TAuth>,
    settings: OriginSettings & Pick<AuthenticatorSettings, "clock">,
    sequence: () => number,
  ) {
    this.#reader = reader;
    this.#sequence = sequence;
    this.#settings = settings;
    const overloaded = (reason: string): Error => reader.overloaded(reason);
    this.#bounded = new BoundedReads({ clock: settings.clock, overloaded });
  }

  /**
   * @returns null without a valid session, which the server answers with 401
   * @throws HalyardError `forbidden` or `unavailable`
   */
  async authenticate(request: UpgradeRequest): Promise<AcceptedSession<SessionOf<TAuth>> | null> {
    const context = await this.#reader.context();
    const credentials = credentialsOf(request);
    this.#policy ??= new OriginPolicy(this.#logOf(context), this.#settings);
    const headers = await this.#orUnavailable(this.#policy.accept(context, request, credentials));
    if (credentials.ticket === undefined) return this.#read(headers);
    const sequence = this.#sequence();
    // The plain GET of a page of the server's own origin has no `Origin`, also where its ticket was issued to that origin.
    const origin = headers.get("origin") ?? (isHandshakeProbe(headers) ? undefined : null);
    const host = hostHeadersOf(headers);
    const identity = await this.redeem(credentials.ticket, { origin, host });
    if (identity === null) return null;
    const isOnlyCredential = !headers.has("cookie") && !credentials.bearer;
    const other = isOnlyCredential ? null : await this.#bound(() => this.#reader.read(headers));
    return (other ?? identity).user.id === identity.user.id
      ? { identity, sequence, source: "session" }
      : null;
  }

  /** Requests with the same credentials share a running read; each gets its own identity object. */
  async #read(headers: Headers): Promise<AcceptedSession<SessionOf<TAuth>> | null> {
    const read = async (): Promise<AcceptedSession<SessionOf<TAuth>> | null> => {
      const sequence = this.#sequence();
      const identity = await this.#reader.read(headers);
      return identity && { identity, sequence, source: await this.#reader.sourceOf(identity, headers) };
    };
    const accepted = await this.#reads.share(readKeyOf(headers), () => this.#bound(read));
    return accepted && { ...accepted, identity: { ...accepted.identity } };
  }

  /** Whether pages of this origin may read why their upgrade was rejected. */
  async trustsOrigin(origin: string, headers: Headers): Promise<boolean> {
    return isTrustedOrigin(await this.#reader.context(), origin, headers);
  }

  /** Redeems a ticket for a connection of this origin. */
  async redeem(ticket: string, { origin, host }: RequestOrigin): Promise<SessionOf<TAuth> | null> {
    const context: AuthContext = await this.#reader.context();
    return this.#bound(async () => {
      const claim = await this.#orUnavailable(redeemTicket(context, ticket));
      if (claim?.audience !== audienceOf(context)) return null;
      if (claim.origin !== null && origin !== undefined && claim.origin !== origin) {
        this.#logOf(context).ticketOrigin(claim.origin, origin);
        return null;
      }
      return this.#reader.readToken(claim.token, host);
    });
  }

  #bound<TValue>(read: () => Promise<TValue>): Promise<TValue> {
    return this.#bounded.run(() => this.#reader.answered(read()));
  }

  /** Made late: the default logger is part of Better Auth's context. */
  #logOf(context: AuthContext): RejectionLog {
    const { logger, development } = this.#settings;
    return (this.#rejections ??= new RejectionLog(warningLogger(context, logger), development));
  }

  async #orUnavailable<TResult>(pending: Promise<TResult>): Promise<TResult> {
    try {
      return await pending;
    } catch (error) {
      throw error instanceof HalyardError ? error : this.#reader.unavailable(error);
    }
  }
}
