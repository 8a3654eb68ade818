// Signs in with each official plugin of Better Auth that creates sessions, for `better-auth-plugins.test.ts`.
// Each entry gives the headers of an upgrade, and a function that ends the session.
import { vi } from "vitest";
import { cookieOf } from "./better-auth-parts.ts";
import {
  account,
  auth,
  call,
  context,
  json,
  keys,
  newEmail,
  provider,
  sent,
  withCookie,
  withToken,
} from "./better-auth-plugins.ts";
import type { Headers, SignedIn } from "./better-auth-plugins.ts";
import { newIdToken } from "./oauth-provider.ts";
import { Passkey } from "./passkey.ts";
import { ORIGIN } from "./test-app.ts";
import { PASSWORD } from "./users.ts";

/** The plugins that create no session, each with the reason. */
export const withoutSessions: Readonly<Record<string, string>> = {
  captcha: "refuses sign-ins",
  "custom-session": "changes what a session looks like; packages/better-auth tests it",
  "have-i-been-pwned": "refuses passwords",
  jwt: "signs tokens for other servers; none of them is a session here",
  "last-login-method": "remembers a name in a cookie",
  "open-api": "serves documentation",
};

/** The sign-ins, by the id of the plugin; a variant has a comma and its name after the id. */
export const signIns: Readonly<Record<string, () => Promise<SignedIn>>> = {
  "email and password": account,
  "api-key": async () => {
    const { id } = await account();
    const { key, id: keyId } = await keys.createApiKey({ body: { userId: id, name: "a key" } });
    return { headers: { "x-api-key": key }, end: async () => removeKey(id, keyId) };
  },
  "api-key, beside a cookie of its user": async () => {
    const { id, headers } = await account();
    const { key, id: keyId } = await keys.createApiKey({ body: { userId: id, name: "a key" } });
    return { headers: { ...headers, "x-api-key": key }, end: async () => removeKey(id, keyId) };
  },
  "api-key, which is disabled": async () => {
    const { id } = await account();
    const { key, id: keyId } = await keys.createApiKey({ body: { userId: id, name: "a key" } });
    const end = () => keys.updateApiKey({ body: { keyId, userId: id, enabled: false } });
    return { headers: { "x-api-key": key }, end };
  },
  bearer: async () => withToken((await account()).token),
  anonymous: async () => withCookie(await call("sign-in/anonymous", {})),
  "one-time-token": async () => {
    const { headers } = await account();
    const { token } = await json(await call("one-time-token/generate", undefined, headers));
    return withCookie(await call("one-time-token/verify", { token }));
  },
  "multi-session": async () => {
    const [ada, bea] = [await account(), await account()];
    const jar = ada.headers["cookie"] ?? "";
    const both = await call("sign-in/email", { email: bea.email, password: PASSWORD }, { cookie: jar });
    const cookie = `${cookieOf(both)}; ${jar.split("; ").slice(1).join("; ")}`;
    const signedIn = withCookie(
      await call("multi-session/set-active", { sessionToken: ada.token }, { cookie }),
    );
    return { ...signedIn, end: () => call("multi-session/revoke", { sessionToken: ada.token }, { cookie }) };
  },
  "device-authorization": async () => {
    const { headers } = await account();
    const { device_code, user_code } = await json(await call("device/code", { client_id: "tv" }));
    await call(`device?user_code=${String(user_code)}`, undefined, headers);
    await call("device/approve", { userCode: user_code }, headers);
    const grant_type = "urn:ietf:params:oauth:grant-type:device_code";
    const { access_token = "" } = await json(
      await call("device/token", { grant_type, device_code, client_id: "tv" }),
    );
    return withToken(access_token);
  },
  "admin, impersonating": async () => {
    const [root, ada] = [await account(), await account()];
    const { adapter } = await auth.$context;
    await adapter.update({
      model: "user",
      where: [{ field: "id", value: root.id }],
      update: { role: "admin" },
    });
    const signedIn = withCookie(await call("admin/impersonate-user", { userId: ada.id }, root.headers));
    return { ...signedIn, end: () => call("admin/stop-impersonating", {}, impersonation(signedIn, root)) };
  },
  "organization, changing the active one": async () => {
    const ada = await account();
    const { id } = await json(
      await call("organization/create", { name: "Acme", slug: ada.id.toLowerCase() }, ada.headers),
    );
    setTimeout(() => void call("organization/set-active", { organizationId: id }, ada.headers), 400);
    return ada;
  },
  "magic-link": async () => {
    const email = newEmail("magic");
    await call("sign-in/magic-link", { email, name: "Ada" });
    return withCookie(await call(`magic-link/verify?token=${String(sent.get(email))}`));
  },
  "email-otp": async () => {
    const email = newEmail("otp");
    await call("email-otp/send-verification-otp", { email, type: "sign-in" });
    return withCookie(await call("sign-in/email-otp", { email, otp: sent.get(email) }));
  },
  "phone-number": async () => {
    const phone = "+15550100001";
    await call("phone-number/send-otp", { phoneNumber: phone });
    return withCookie(await call("phone-number/verify", { phoneNumber: phone, code: sent.get(phone) }));
  },
  siwe: async () => {
    const { nonce = "" } = await json(await call("siwe/nonce", {}));
    const address = `0x${"5".repeat(40)}`;
    const message = `app.test wants you to sign in with your Ethereum account:\n${address}\n\nURI: ${ORIGIN}\nVersion: 1\nChain ID: 1\nNonce: ${nonce}`;
    return withCookie(await call("siwe/verify", { message, signature: `signed ${message}` }));
  },
  "generic-oauth": async () => {
    const started = await call("sign-in/social", LOOPBACK, { "x-skip-oauth-proxy": "yes" });
    return withCookie(await returnFromProvider(started));
  },
  "oauth-proxy": async () => {
    const started = await call("sign-in/social", LOOPBACK);
    const { pathname, search } = new URL(locationOf(await returnFromProvider(started)));
    return withCookie(
      await call(pathname.replace("/api/auth/", "") + search, undefined, { cookie: cookieOf(started) }),
    );
  },
  "oauth-popup": async () => {
    const query = new URLSearchParams({ provider: LOOPBACK.provider, popupOrigin: ORIGIN, popupNonce: "n" });
    const page = await returnFromProvider(await call(`oauth-popup/start?${query.toString()}`));
    const [, token = ""] = /"token":"([^"]+)"/.exec(await page.text()) ?? [];
    return withToken(token);
  },
  "one-tap": async () => {
    const { fetch } = globalThis;
    // The plugin reads the keys of Google from this address only.
    vi.stubGlobal("fetch", async (input: string | URL, init?: RequestInit) =>
      fetch(String(input) === GOOGLE_KEYS ? `${provider.url}/certs` : input, init),
    );
    try {
      return withCookie(await call("one-tap/callback", { idToken: newIdToken() }));
    } finally {
      vi.unstubAllGlobals();
    }
  },
  passkey: async () => {
    const { headers } = await account();
    const device = new Passkey(ORIGIN);
    const offer = await call("passkey/generate-register-options", undefined, headers);
    await call(
      "passkey/verify-registration",
      { response: device.create(await challengeOf(offer)) },
      { cookie: `${String(headers["cookie"])}; ${cookieOf(offer)}` },
    );
    const question = await call("passkey/generate-authenticate-options");
    const response = device.get(await challengeOf(question));
    return withCookie(
      await call("passkey/verify-authentication", { response }, { cookie: cookieOf(question) }),
    );
  },
  "test-utils": async () => {
    const { test } = await context;
    const { headers } = await test.login({ userId: (await account()).id });
    const cookie = headers.get("cookie") ?? "";
    return { headers: { origin: ORIGIN, cookie }, end: () => call("sign-out", {}, { cookie }) };
  },
  username: async () => {
    await account({ username: "ada_lovelace" });
    return withCookie(await call("sign-in/username", { username: "ada_lovelace", password: PASSWORD }));
  },
  "two-factor": async () => {
    const { email, headers } = await account();
    await call("two-factor/enable", { password: PASSWORD }, headers);
    const cookie = cookieOf(await call("sign-in/email", { email, password: PASSWORD }));
    await call("two-factor/send-otp", {}, { cookie });
    return withCookie(await call("two-factor/verify-otp", { code: sent.get(email) }, { cookie }));
  },
};

function impersonation({ headers }: SignedIn, root: SignedIn): Headers {
  return { cookie: `${headers["cookie"] ?? ""}; ${root.headers["cookie"] ?? ""}` };
}

async function removeKey(userId: string, keyId: string): Promise<void> {
  const { token } = await (await auth.$context).internalAdapter.createSession(userId);
  await call("api-key/delete", { keyId }, { authorization: `Bearer ${token}` });
}

const LOOPBACK = { provider: "loopback", callbackURL: `${ORIGIN}/home` };
const GOOGLE_KEYS = "https://www.googleapis.com/oauth2/v3/certs";

/** Follows the redirects to the provider and back, as a browser does. */
async function returnFromProvider(started: Response): Promise<Response> {
  // The answer to a fetch has the address in its body. The proxy plugin changes the body and not the header.
  const url = started.status === 302 ? locationOf(started) : ((await json(started.clone()))["url"] ?? "");
  const { search } = new URL(locationOf(await fetch(url, { redirect: "manual" })));
  return call(`callback/${LOOPBACK.provider}${search}`, undefined, { cookie: cookieOf(started) });
}

function locationOf({ headers }: Response): string {
  return headers.get("location") ?? "no redirect";
}

async function challengeOf(response: Response): Promise<string> {
  return (await json(response.clone()))["challenge"] ?? "no challenge";
}
