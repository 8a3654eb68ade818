// Better Auth on a SQLite file, with each official plugin that makes sessions and can do so without a network.
// `better-auth-plugins.test.ts` signs in with each of them.
// Each of `plugins` gives what an upgrade carries, and the way in which its session ends.
import { apiKey } from "@better-auth/api-key";
import { halyard } from "@halyard/better-auth";
import { betterAuth } from "better-auth";
import type { BetterAuthPlugin } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import {
  admin,
  anonymous,
  bearer,
  deviceAuthorization,
  emailOTP,
  jwt,
  magicLink,
  multiSession,
  oneTimeToken,
  organization,
  phoneNumber,
  twoFactor,
  username,
} from "better-auth/plugins";
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { ORIGIN } from "./test-app.ts";
import { cookieOf } from "./users.ts";

const PASSWORD = "correct horse battery staple";
const folder = mkdtempSync(join(tmpdir(), "halyard-plugins-"));
/** What the plugins would have sent by mail or text message, by its receiver. */
const sent = new Map<string, string>();
const send = (to: string, secret: string): Promise<void> => {
  sent.set(to, secret);
  return Promise.resolve();
};

export const auth = betterAuth({
  database: new DatabaseSync(join(folder, "auth.db")),
  baseURL: ORIGIN,
  secret: "a secret of the tests, which protects nothing",
  emailAndPassword: {
    enabled: true,
    password: {
      hash: async (word) => `#${word}`,
      verify: async ({ hash, password }) => hash === `#${password}`,
    },
  },
  advanced: { disableOriginCheck: false },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  plugins: [
    admin(),
    anonymous(),
    // Its types are those of another version of a dependency.
    apiKey({ enableSessionForAPIKeys: true }) as unknown as BetterAuthPlugin,
    bearer(),
    deviceAuthorization({ verificationUri: "/device" }),
    emailOTP({ sendVerificationOTP: ({ email, otp }) => send(email, otp) }),
    jwt(),
    magicLink({ sendMagicLink: ({ email, token }) => send(email, token) }),
    multiSession(),
    oneTimeToken(),
    organization(),
    phoneNumber({
      sendOTP: ({ phoneNumber: to, code }) => send(to, code),
      signUpOnVerification: { getTempEmail: (phone) => `${phone.slice(1)}@phone.test` },
    }),
    twoFactor({
      skipVerificationOnEnable: true,
      otpOptions: { sendOTP: ({ user, otp }) => send(user.email, otp) },
    }),
    username(),
    halyard(),
  ],
});

/** What the API-key plugin adds to `auth.api`. */
export const keys = auth.api as unknown as {
  createApiKey(input: {
    readonly body: { readonly userId: string; readonly name: string; readonly remaining?: number };
  }): Promise<{ readonly id: string; readonly key: string }>;
  updateApiKey(input: {
    readonly body: { readonly keyId: string; readonly userId: string; readonly enabled: boolean };
  }): Promise<unknown>;
};

export async function openStore(): Promise<void> {
  await (await getMigrations(auth.options)).runMigrations();
}

export function removeStore(): void {
  rmSync(folder, { recursive: true });
}

export type Headers = Readonly<Record<string, string>>;

/** A signed-in client: what its upgrade carries, and how its session ends. */
export interface SignedIn {
  readonly headers: Headers;
  readonly end: () => Promise<unknown>;
}

async function call(path: string, body?: object, headers: Headers = {}): Promise<Response> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const request = new Request(`${ORIGIN}/api/auth/${path}`, {
    ...init,
    headers: { origin: ORIGIN, "content-type": "application/json", ...headers },
    redirect: "manual",
  });
  const response = await auth.handler(request);
  expect(response.status, `${path}: ${await response.clone().text()}`).toBeLessThan(400);
  return response;
}

const json = async (response: Response): Promise<Record<string, string>> =>
  (await response.json()) as Record<string, string>;

/** The session of a response's cookies, which its sign-out ends. */
function withCookie(response: Response, jar = ""): SignedIn {
  const cookie = [cookieOf(response), jar].filter(Boolean).join("; ");
  return { headers: { origin: ORIGIN, cookie }, end: () => call("sign-out", {}, { cookie }) };
}

let accounts = 0;

export async function account(
  fields: object = {},
): Promise<SignedIn & { readonly email: string; readonly id: string; readonly token: string }> {
  const email = `ada${String(++accounts)}@example.test`;
  const response = await call("sign-up/email", { name: "Ada", email, password: PASSWORD, ...fields });
  const { token, user } = (await response.clone().json()) as { token: string; user: { id: string } };
  return { ...withCookie(response), email, id: user.id, token };
}

/** The token of a session, as a native client presents it. */
function withToken(token: string): SignedIn {
  const headers = { authorization: `Bearer ${token}` };
  return { headers, end: () => call("sign-out", {}, headers) };
}

export const plugins: Readonly<Record<string, () => Promise<SignedIn>>> = {
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
  "api-key that is disabled": async () => {
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
      await call("organization/create", { name: "Acme", slug: `acme${String(accounts)}` }, ada.headers),
    );
    setTimeout(() => void call("organization/set-active", { organizationId: id }, ada.headers), 400);
    return ada;
  },
  "magic-link": async () => {
    const email = `magic${String(++accounts)}@example.test`;
    await call("sign-in/magic-link", { email, name: "Ada" });
    return withCookie(await call(`magic-link/verify?token=${String(sent.get(email))}`));
  },
  "email-otp": async () => {
    const email = `otp${String(++accounts)}@example.test`;
    await call("email-otp/send-verification-otp", { email, type: "sign-in" });
    return withCookie(await call("sign-in/email-otp", { email, otp: sent.get(email) }));
  },
  "phone-number": async () => {
    const phone = "+15550100001";
    await call("phone-number/send-otp", { phoneNumber: phone });
    return withCookie(await call("phone-number/verify", { phoneNumber: phone, code: sent.get(phone) }));
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
