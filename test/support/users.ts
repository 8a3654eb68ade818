// Accounts and sessions of Better Auth at the fixture application.
// The suites with the option `betterAuth` use it in place of the cookie of the fixture.
// Every request expects the status 200.
import { expect } from "vitest";
import { cookieOf } from "./better-auth-parts.ts";
import type { RawClient } from "./raw-client.ts";
import { ORIGIN } from "./test-app.ts";
import type { TestApp } from "./test-app.ts";
import type { V1Client } from "./v1-client.ts";

export const PASSWORD = "correct horse battery staple";

/** A session of an account, signed in with Better Auth over HTTP. */
export interface SignedInUser {
  readonly id: string;
  readonly name: string;
  /** The session's token, as a bearer client sends it. */
  readonly token: string;
  /** The `Cookie` header of the session's browser. */
  readonly cookie: string;
}

/** Signs users up and in at the fixture with Better Auth, and opens their connections. */
export class Users {
  readonly #app: TestApp;

  constructor(app: TestApp) {
    this.#app = app;
  }

  async signUp(name = this.#app.user()): Promise<SignedInUser> {
    return this.#submit("sign-up/email", name);
  }

  /** Opens another session of the same account. */
  async signIn(name: string): Promise<SignedInUser> {
    return this.#submit("sign-in/email", name);
  }

  async admin(): Promise<SignedInUser> {
    const { id, name } = await this.signUp(this.#app.user("root"));
    await this.#app.command("makeAdmin", { userId: id });
    return this.signIn(name);
  }

  /** @throws when the answer is not 200 */
  async post(path: string, body: object, by?: SignedInUser): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${String(this.#app.port)}/api/auth/${path}`, {
      method: "POST",
      headers: {
        origin: ORIGIN,
        "content-type": "application/json",
        ...(by === undefined ? {} : { cookie: by.cookie }),
      },
      body: JSON.stringify(body),
    });
    expect(response.status, `${path}: ${await response.clone().text()}`).toBe(200);
    return response;
  }

  async plain({ id, cookie }: SignedInUser): Promise<RawClient> {
    return this.#app.plain(id, { headers: { cookie } });
  }

  async v1({ id, cookie }: SignedInUser): Promise<V1Client> {
    const client = await this.#app.openV1(id, undefined, { headers: { cookie } });
    await client.hello();
    await client.next("user_list");
    return client;
  }

  async #submit(path: string, name: string): Promise<SignedInUser> {
    const response = await this.post(path, { name, email: `${name}@example.test`, password: PASSWORD });
    const { token, user } = (await response.json()) as { token: string; user: { id: string } };
    return { id: user.id, name, token, cookie: cookieOf(response) };
  }
}
