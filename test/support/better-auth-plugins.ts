// Better Auth on a SQLite file with each official plugin that creates sessions, and the requests of a visitor to it.
// `better-auth-sign-ins.ts` signs in with each of the plugins.
// Nothing leaves this machine: the OAuth provider is a server on loopback.
import { apiKey } from "@better-auth/api-key";
import { passkey } from "@better-auth/passkey";
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
  genericOAuth,
  jwt,
  lastLoginMethod,
  magicLink,
  multiSession,
  oAuthProxy,
  oauthPopup,
  oneTap,
  oneTimeToken,
  openAPI,
  organization,
  phoneNumber,
  siwe,
  testUtils,
  twoFactor,
  username,
} from "better-auth/plugins";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { cookieOf, testPasswords } from "./better-auth-parts.ts";
import { CLIENT_ID, startOAuthProvider } from "./oauth-provider.ts";
import { ORIGIN } from "./test-app.ts";
import { PASSWORD } from "./users.ts";

const folder = mkdtempSync(join(tmpdir(), "halyard-plugins-"));
export const provider = await startOAuthProvider();

/** The newest secret that a plugin has sent by e-mail or text message, by receiver. */
export const sent = new Map<string, string>();
const send = (to: string, secret: string): Promise<void> => {
  sent.set(to, secret);
  return Promise.resolve();
};

/** The types of a plugin in another package come from another version of a dependency. */
const ofAnotherVersion = (plugin: object) => plugin as BetterAuthPlugin;

export const auth = betterAuth({
  database: new DatabaseSync(join(folder, "auth.db")),
  baseURL: ORIGIN,
  secret: "a secret of the tests, which protects nothing",
  emailAndPassword: testPasswords,
  advanced: { disableOriginCheck: false },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  plugins: [
    admin(),
    anonymous(),
    ofAnotherVersion(apiKey({ enableSessionForAPIKeys: true })),
    bearer(),
    deviceAuthorization({ verificationUri: "/device" }),
    emailOTP({ sendVerificationOTP: ({ email, otp }) => send(email, otp) }),
    genericOAuth({
      config: [
        {
          providerId: "loopback",
          clientId: CLIENT_ID,
          clientSecret: "secret",
          authorizationUrl: `${provider.url}/authorize`,
          tokenUrl: `${provider.url}/token`,
          userInfoUrl: `${provider.url}/user`,
        },
      ],
    }),
    jwt(),
    lastLoginMethod(),
    magicLink({ sendMagicLink: ({ email, token }) => send(email, token) }),
    multiSession(),
    oAuthProxy({ productionURL: "http://production.test", currentURL: ORIGIN }),
    oauthPopup(),
    oneTap({ clientId: CLIENT_ID }),
    oneTimeToken(),
    openAPI(),
    organization(),
    ofAnotherVersion(passkey()),
    phoneNumber({
      sendOTP: ({ phoneNumber: to, code }) => send(to, code),
      signUpOnVerification: { getTempEmail: (phone) => `${phone.slice(1)}@phone.test` },
    }),
    siwe({
      domain: "app.test",
      getNonce: () => Promise.resolve(randomUUID().replaceAll("-", "")),
      verifyMessage: ({ message, signature }) => Promise.resolve(signature === `signed ${message}`),
    }),
    testUtils(),
    twoFactor({
      skipVerificationOnEnable: true,
      otpOptions: { sendOTP: ({ user, otp }) => send(user.email, otp) },
    }),
    username(),
    halyard(),
  ],
});

/** The context with the field of the test plugin. */
export const context = auth.$context as unknown as Promise<{
  readonly test: {
    login(input: { readonly userId: string }): Promise<{ readonly headers: globalThis.Headers }>;
  };
}>;

/** The calls that the API-key plugin adds to `auth.api`. */
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
  provider.close();
  rmSync(folder, { recursive: true });
}

export type Headers = Readonly<Record<string, string>>;

/** A signed-in client: the headers of its upgrade, and a function that ends its session. */
export interface SignedIn {
  readonly headers: Headers;
  readonly end: () => Promise<unknown>;
}

export async function call(path: string, body?: object, headers: Headers = {}): Promise<Response> {
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

export const json = async (response: Response): Promise<Record<string, string>> =>
  (await response.json()) as Record<string, string>;

/** The client that has the cookies of a response. A sign-out ends its session. */
export function withCookie(response: Response, jar = ""): SignedIn {
  const cookie = [cookieOf(response), jar].filter(Boolean).join("; ");
  return { headers: { origin: ORIGIN, cookie }, end: () => call("sign-out", {}, { cookie }) };
}

let accounts = 0;

/** An e-mail address that no other account of the test has. */
export const newEmail = (name = "ada"): string => `${name}${String(++accounts)}@example.test`;

export async function account(
  fields: object = {},
): Promise<SignedIn & { readonly email: string; readonly id: string; readonly token: string }> {
  const email = newEmail();
  const response = await call("sign-up/email", { name: "Ada", email, password: PASSWORD, ...fields });
  const { token, user } = (await response.clone().json()) as { token: string; user: { id: string } };
  return { ...withCookie(response), email, id: user.id, token };
}

/** The client that presents the token of a session, as a native client does. */
export function withToken(token: string): SignedIn {
  const headers = { authorization: `Bearer ${token}` };
  return { headers, end: () => call("sign-out", {}, headers) };
}
