// An OAuth provider on loopback, to which each visitor is a new user, and which signs ID tokens as Google does.
// The tests of the Better Auth plugins that use such a provider start it.
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer } from "node:http";
import { listenOnLoopback } from "./listen-on-loopback.ts";

export const CLIENT_ID = "loopback-client";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEY_ID = "key";

export interface OAuthProvider {
  readonly url: string;
  close(): void;
}

export async function startOAuthProvider(): Promise<OAuthProvider> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://provider.test");
    if (url.pathname === "/authorize") response.writeHead(302, { location: callbackOf(url) }).end();
    else
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify(answers[url.pathname]?.()));
  });
  const port = await listenOnLoopback(server);
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${String(port)}`, close };
}

/** An ID token of a new user, as One Tap of Google gives it to a page. */
export function newIdToken(): string {
  const issuedAt = Math.floor(Date.now() / 1_000);
  const claims = { iss: "https://accounts.google.com", aud: CLIENT_ID, iat: issuedAt, exp: issuedAt + 60 };
  const parts = [
    { alg: "RS256", kid: KEY_ID },
    { ...claims, ...newUser() },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const text = parts.join(".");
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), privateKey).toString("base64url")}`;
}

const answers: Readonly<Record<string, () => object>> = {
  "/token": () => ({ access_token: randomUUID(), token_type: "Bearer", expires_in: 60 }),
  "/user": newUser,
  "/certs": () => ({
    keys: [{ ...publicKey.export({ format: "jwk" }), kid: KEY_ID, alg: "RS256", use: "sig" }],
  }),
};

function newUser() {
  const id = randomUUID();
  return { id, sub: id, name: "Ada", email: `${id}@provider.test`, email_verified: true };
}

function callbackOf({ searchParams }: URL): string {
  const callback = new URL(searchParams.get("redirect_uri") ?? "");
  callback.searchParams.set("code", randomUUID());
  callback.searchParams.set("state", searchParams.get("state") ?? "");
  return callback.href;
}
