// A token of the application's own as the client's `ticket`, with an `authenticate` of its own: the recipe of the server's README.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { SignJWT } from "jose";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { binaryOf } from "../support/app-server.ts";
import { Program } from "../support/program.ts";
import { until } from "../support/wait.ts";

const RECIPES = join(import.meta.dirname, "../fixtures/recipes");
const SECRET = "a secret of at least thirty-two bytes";

const jwt = async (user: string, secret = SECRET) =>
  new SignJWT({})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(user)
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));

it("the recipe for a token of one's own is in the README as it is run here [s-P7]", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../packages/server/README.md"), "utf8");
  expect(readme).toContain(readFileSync(join(RECIPES, "ticket.ts"), "utf8"));
});

describe.each(["node", "bun"] as const)("a token of the application's own, on %s", (runtime) => {
  let program: Program;
  let port: string;
  const clients: WebSocketClient[] = [];
  beforeAll(async () => {
    const env = { JWT_SECRET: SECRET };
    program = new Program(binaryOf(runtime), ["server.ts", "ticket"], { cwd: RECIPES, env });
    [port] = await program.prints(/^\d+$/m);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => program.end());

  const connect = (ticket: () => Promise<string>): WebSocketClient => {
    const client = createWebSocketClient({ url: `ws://127.0.0.1:${port}/ws`, WebSocket, ticket });
    clients.push(client);
    return client;
  };

  it("signs in, and the client asks for a new one at each attempt and after a sign-in [s-P7]", async () => {
    let asked = 0;
    const client = connect(async () => jwt(asked++ < 2 ? "ada" : "bea"));
    await until("the connection", () => client.state.status === "open");
    expect([asked, client.user?.userId]).toEqual([1, "ada"]);
    client.reconnect();
    await until("the next connection", () => asked === 2 && client.state.status === "open");
    expect(client.user?.userId).toBe("ada");
    client.authenticate();
    await until("the other user", () => client.user?.userId === "bea" && client.state.status === "open");
    expect(program.errors).toBe("");
  });

  it("that comes too late signs nobody in, and what was sent meanwhile is of the next user [s-P7]", async () => {
    const late = Promise.withResolvers<string>();
    const tickets = [jwt("ada"), late.promise];
    const options = { url: `ws://127.0.0.1:${port}/ws`, WebSocket, connectTimeoutMs: 1_000 };
    const client = createWebSocketClient({ ...options, ticket: () => tickets.shift() ?? jwt("bea") });
    clients.push(client);
    await until("the connection", () => client.state.status === "open");
    client.authenticate();
    const sending = client.send("chat_message", { content: "of bea" });
    await until("the other user", () => client.user?.userId === "bea" && client.state.status === "open");
    expect((await sending).status).toBe("delivered");
    const { state } = client;
    late.resolve(await jwt("ada"));
    await client.send("chat_message", { content: "also of bea" });
    expect(client.state).toBe(state);
    expect(program.errors).toBe("");
  });

  it("that is not valid stops the client, until it has another one [s-P7]", async () => {
    let secret = "another secret, as long as the first";
    const client = connect(async () => jwt("ada", secret));
    await until("the refusal", () => client.state.status === "authRequired");
    expect(client.state).toMatchObject({ reason: "unauthenticated" });
    secret = SECRET;
    client.authenticate();
    await until("the connection", () => client.state.status === "open");
    expect(client.user?.userId).toBe("ada");
  });

  it("is needed by a plain GET, too, which says why an upgrade would be refused [s-P7]", async () => {
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`http://127.0.0.1:${port}/ws`, { headers })).status;
    expect(await ask({ "halyard-ticket": await jwt("ada") })).toBe(426);
    expect(await ask({ "halyard-ticket": await jwt("ada", "another secret, as long as the first") })).toBe(
      401,
    );
    expect(await ask({})).toBe(401);
  });
});
