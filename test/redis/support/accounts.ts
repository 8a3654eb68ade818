// Accounts and sessions of Better Auth in a cluster: signed up and changed at one process, connected to any.
// Used by the tests of this suite with `betterAuth` in their options. Every request of it expects status 200.
import { expect } from "vitest";
import { ORIGIN } from "../../fixtures/identity.ts";
import { cookieOf } from "../../support/better-auth-parts.ts";
import { PASSWORD } from "../../support/users.ts";
import type { SignedInUser } from "../../support/users.ts";
import { Page } from "../../support/v1-client.ts";
import type { V1Client } from "../../support/v1-client.ts";
import type { Cluster, ClusterNode } from "./cluster.ts";

let names = 0;

/** The accounts of a cluster. */
export class Accounts {
  readonly #cluster: Cluster;
  readonly #process: ClusterNode;

  /** @param process where users sign in, and where their sessions end */
  constructor(cluster: Cluster, process: ClusterNode) {
    this.#cluster = cluster;
    this.#process = process;
  }

  async signUp(name = `user-${String(++names)}`): Promise<SignedInUser> {
    return this.#submit("sign-up/email", name);
  }

  /** Another session of the same account. */
  async signIn({ name }: SignedInUser): Promise<SignedInUser> {
    return this.#submit("sign-in/email", name);
  }

  async admin(): Promise<SignedInUser> {
    const user = await this.signUp();
    await this.#process.command("makeAdmin", { userId: user.id });
    return this.signIn(user);
  }

  /** @throws when the answer is not 200 */
  async post(path: string, body: object, by?: SignedInUser): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${String(this.#process.port)}/api/auth/${path}`, {
      method: "POST",
      headers: { origin: ORIGIN, "content-type": "application/json", cookie: by?.cookie ?? "" },
      body: JSON.stringify(body),
    });
    expect(response.status, `${path}: ${await response.clone().text()}`).toBe(200);
    return response;
  }

  /** A client of this session that has its welcome. */
  async connect(node: ClusterNode, { id, cookie }: SignedInUser, page = new Page()): Promise<V1Client> {
    const client = await this.#cluster.open(node, id, page, { headers: { cookie } });
    await client.hello();
    return client;
  }

  async #submit(path: string, name: string): Promise<SignedInUser> {
    const response = await this.post(path, { name, email: `${name}@example.test`, password: PASSWORD });
    const { token, user } = (await response.json()) as { token: string; user: { id: string } };
    return { id: user.id, name, token, cookie: cookieOf(response) };
  }
}
