import type { UpgradeRequest } from "@halyard/server";
import { Admissions } from "./identity/identity-origins.ts";
import { runtimeOf } from "./identity/auth-instance.ts";
import type { BetterAuthInstance, SessionOf } from "./identity/auth-instance.ts";
import { BetterAuthSessionWatch } from "./watch/better-auth-session-watch.ts";
import { Door } from "./upgrade/upgrade-authenticator.ts";
import { systemClock } from "./options.ts";
import type { BetterAuthAuthenticatorOptions } from "./options.ts";
import { RecentChanges } from "./watch/recent-changes.ts";
import { SessionReader } from "./identity/session-reader.ts";
import type { SessionBus, SessionWatch, WatchingAuthenticator } from "@halyard/server";

/**
 * Lets a connection in with the Better Auth session that its upgrade request carries: as a cookie; with Better Auth's
 * bearer plugin, as `Authorization: Bearer …`; with the {@link halyard} plugin, as a single-use ticket.
 *
 * In this order: the `Origin` is one that Better Auth trusts (else 403), the session is in the store right now (else 401;
 * 503 when the store does not answer), its user is not banned (else 403). A connection never extends its session.
 *
 * Open connections follow their session: they close within a second when it is signed out or revoked, or its user is
 * banned or removed, in whichever way Better Auth stores sessions.
 *
 * @example
 * createWebSocketSystem({ authenticate: betterAuthAuthenticator(auth) });
 */
export function betterAuthAuthenticator<TAuth extends BetterAuthInstance>(
  auth: TAuth,
  options: BetterAuthAuthenticatorOptions = {},
): WatchingAuthenticator<SessionOf<TAuth>> {
  return new BetterAuthAuthenticator<TAuth>(auth, options);
}

class BetterAuthAuthenticator<TAuth extends BetterAuthInstance> implements WatchingAuthenticator<
  SessionOf<TAuth>
> {
  readonly #options: BetterAuthAuthenticatorOptions;
  readonly #reader: SessionReader<TAuth>;
  readonly #door: Door<TAuth>;
  readonly #changes: RecentChanges;
  readonly #admissions = new Admissions();

  constructor(auth: TAuth, options: BetterAuthAuthenticatorOptions) {
    const { retryAfterMs = 2_000, clock = systemClock } = options;
    this.#options = options;
    this.#reader = new SessionReader(runtimeOf(auth), { retryAfterMs, clock });
    this.#door = new Door(this.#reader, options);
    this.#changes = new RecentChanges(() => clock.now());
  }

  async authenticate(request: UpgradeRequest): Promise<SessionOf<TAuth> | null> {
    const { sequence } = this.#changes;
    const identity = await this.#door.identify(request);
    if (identity === null || this.#changes.endOf(identity.session.id) !== undefined) return null;
    const origin = request.headers.get("origin");
    const host = request.headers.get("host") ?? undefined;
    this.#admissions.set(identity, { sequence, origin, host });
    return identity;
  }

  trustsOrigin(origin: string, { headers }: UpgradeRequest): Promise<boolean> {
    return this.#door.trustsOrigin(origin, headers);
  }

  watch(bus: SessionBus): SessionWatch<SessionOf<TAuth>> {
    return new BetterAuthSessionWatch<TAuth>({
      bus,
      reader: this.#reader,
      door: this.#door,
      changes: this.#changes,
      admissions: this.#admissions,
      options: this.#options,
    });
  }
}
