// The authenticator of a Halyard server whose users sign in with Better Auth: the package's main entry.
// The server calls `authenticate` and `trustsOrigin` for each upgrade request, and `watch` once.
// Guarantees that a session which ends between its read and its registration gets no connection.
import type { SessionBus, SessionWatch, UpgradeRequest, WatchingAuthenticator } from "@halyard/server";
import { authApiOf } from "./identity/auth-instance.ts";
import type { BetterAuthInstance, SessionOf } from "./identity/auth-instance.ts";
import { hostHeadersOf, IdentityOrigins } from "./identity/identity-origins.ts";
import { SessionReader } from "./identity/session-reader.ts";
import { settingsOf } from "./options.ts";
import type { AuthenticatorSettings, BetterAuthAuthenticatorOptions } from "./options.ts";
import { UpgradeAuthenticator } from "./upgrade/upgrade-authenticator.ts";
import { BetterAuthSessionWatch } from "./watch/better-auth-session-watch.ts";
import { RecentChanges } from "./watch/recent-changes.ts";

/**
 * Authenticates a connection with the Better Auth session that its upgrade request carries: as a cookie; with Better
 * Auth's bearer plugin, as `Authorization: Bearer …`; with the {@link halyard} plugin, as a single-use ticket.
 *
 * Three checks, in this order: the `Origin` is one that Better Auth trusts (else 403), the session is in the store at
 * this moment (else 401; 503 when the store does not answer), its user is not banned (else 403). A connection never
 * extends its session.
 *
 * Open connections follow their session: they close within a second after Better Auth signs it out or revokes it, or
 * bans or removes its user, in each of the ways in which Better Auth stores sessions.
 *
 * @throws TypeError when `auth` is not what `betterAuth()` returned
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
  /** The origin policy of this package decides, with Better Auth's `trustedOrigins`. */
  readonly checksOrigin = true;
  readonly #settings: AuthenticatorSettings;
  readonly #reader: SessionReader<TAuth>;
  readonly #upgrades: UpgradeAuthenticator<TAuth>;
  readonly #changes: RecentChanges;
  readonly #origins = new IdentityOrigins();

  constructor(auth: TAuth, options: BetterAuthAuthenticatorOptions) {
    this.#settings = settingsOf(options);
    this.#reader = new SessionReader(authApiOf(auth), this.#settings);
    this.#changes = new RecentChanges(() => this.#settings.clock.now());
    this.#upgrades = new UpgradeAuthenticator(this.#reader, this.#settings, () => this.#changes.sequence);
  }

  async authenticate(request: UpgradeRequest): Promise<SessionOf<TAuth> | null> {
    const accepted = await this.#upgrades.authenticate(request);
    if (accepted === null || this.#changes.endCodeOf(accepted.identity.session.id) !== undefined) return null;
    const { identity, sequence, source } = accepted;
    const origin = request.headers.get("origin");
    const host = hostHeadersOf(request.headers);
    this.#origins.set(identity, { sequence, source, origin, host });
    return identity;
  }

  trustsOrigin(origin: string, { headers }: UpgradeRequest): Promise<boolean> {
    return this.#upgrades.trustsOrigin(origin, headers);
  }

  watch(bus: SessionBus): SessionWatch<SessionOf<TAuth>> {
    return new BetterAuthSessionWatch<TAuth>({
      bus,
      reader: this.#reader,
      upgrades: this.#upgrades,
      changes: this.#changes,
      origins: this.#origins,
      settings: this.#settings,
    });
  }
}
