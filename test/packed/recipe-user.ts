// A user of a recipe's application: signs in over HTTP, and connects with the cookies of the answer, as a browser does.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { WebSocket } from "ws";
import type { ClientOptions } from "ws";
import { until } from "../support/wait.ts";

export class RecipeUser {
  readonly client: WebSocketClient;
  /** The chat messages and announcements that have come. */
  readonly heard: string[] = [];
  /** The cookies of the session, as a request sends them. */
  readonly cookie: string;
  readonly #origin: string;

  constructor(origin: string, url: string, cookie: string) {
    this.#origin = origin;
    this.cookie = cookie;
    const headers = { origin, cookie };
    this.client = createWebSocketClient({
      url,
      WebSocket: class extends WebSocket {
        constructor(address: string | URL, protocols?: string | string[], options?: ClientOptions) {
          super(address, protocols, { ...options, headers });
        }
      },
      fetch: (address, init) => fetch(address, { ...init, headers: { ...init.headers, ...headers } }),
    });
    this.client.on("chat_message", ({ from, content }) => this.heard.push(`${from.name}: ${content}`));
    this.client.on("announcement", ({ message }) => this.heard.push(message));
  }

  /** @param url of the sockets, where it is not that of the pages */
  static async signUp(origin: string, name: string, url = `${origin}/ws`): Promise<RecipeUser> {
    const email = `${name.toLowerCase()}@example.com`;
    const body = { name, email, password: "correct horse battery" };
    return RecipeUser.signIn(origin, { path: "/api/auth/sign-up/email", body, url });
  }

  static async signIn(
    origin: string,
    {
      path = "/sign-in",
      body,
      url = `${origin}/ws`,
    }: { readonly path?: string; readonly body: object; readonly url?: string },
  ): Promise<RecipeUser> {
    const response = await post(`${origin}${path}`, body, { origin });
    if (!response.ok) throw new Error(`${String(response.status)} ${await response.text()}`);
    const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
    return new RecipeUser(origin, url, cookies.join("; "));
  }

  /** Posts as the signed-in user. @returns the status */
  async post(path: string, body: object = {}): Promise<number> {
    const headers = { origin: this.#origin, cookie: this.cookie };
    return (await post(`${this.#origin}${path}`, body, headers)).status;
  }

  /** Sends a chat message. @returns what became of it */
  async says(content: string): Promise<string> {
    return (await this.client.send("chat_message", { content })).status;
  }

  async hears(text: string): Promise<void> {
    await until(`to hear ${text}, not only ${String(this.heard)}`, () => this.heard.includes(text), 20_000);
  }

  async is(status: string, ms = 20_000): Promise<void> {
    await until(`the client to be ${status}`, () => this.client.state.status === status, ms);
  }
}

async function post(url: string, body: object, headers: Readonly<Record<string, string>>): Promise<Response> {
  const options = { method: "POST", body: JSON.stringify(body) };
  return fetch(url, { ...options, headers: { ...headers, "content-type": "application/json" } });
}
