// Finds out where the session of an upgrade is stored, so that later look-ups use the same place.
// The upgrade authenticator asks once per upgrade; the session reader looks there again once per interval.
// Guarantees that a look-up does not consume an API key: neither its rate nor its remaining uses.
import type { AuthContext } from "better-auth";
import { sessionInfoOf } from "./session-info.ts";
import type { BetterAuthIdentity } from "./session-info.ts";

/**
 * - `session`: among Better Auth's sessions, by its token
 * - `apiKey`: a row of the API-key plugin, by its id; the token of such a session is the key itself
 * - `elsewhere`: a plugin made the session, and only the plugin knows from what
 */
export type SessionSource = "session" | "apiKey" | "elsewhere";

interface ApiKeyRow {
  readonly enabled?: boolean | null;
  readonly expiresAt?: Date | string | null;
}

/** Where the session that was read with these headers is stored. Its cookie is proof; otherwise the session is looked up. */
export async function sourceOf(
  context: AuthContext,
  identity: BetterAuthIdentity,
  headers: Headers,
): Promise<SessionSource> {
  const { sessionId, token } = sessionInfoOf(identity);
  if (token === undefined || isInCookie(context, token, headers)) return "session";
  if ((await context.internalAdapter.findSession(token)) !== null) return "session";
  return (await findApiKey(context, sessionId)) === null ? "elsewhere" : "apiKey";
}

/** Whether the API key of a session is still valid. A key that is only in a secondary storage is not found here. */
export async function isApiKeyValid(context: AuthContext, id: string, now: number): Promise<boolean> {
  const row = await findApiKey(context, id);
  if (row === null || row.enabled === false) return false;
  const { expiresAt } = row;
  return expiresAt === null || expiresAt === undefined || new Date(expiresAt).getTime() > now;
}

async function findApiKey({ adapter, hasPlugin }: AuthContext, id: string): Promise<ApiKeyRow | null> {
  if (!hasPlugin("api-key")) return null;
  return adapter.findOne<ApiKeyRow>({ model: "apikey", where: [{ field: "id", value: id }] });
}

/** Whether the session's cookie is in the headers. Better Auth has already verified its signature. */
function isInCookie({ authCookies }: AuthContext, token: string, headers: Headers): boolean {
  const name = authCookies.sessionToken.name.replace(/^__Secure-/, "");
  return (headers.get("cookie") ?? "").includes(`${name}=${encodeURIComponent(token)}.`);
}
