// Mistakes because of which there is no connection.
import { betterAuthAuthenticator, halyard } from "@halyard/better-auth";
import { createWebSocketClient } from "@halyard/client";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { anonymous } from "better-auth/plugins";
import { SignJWT, jwtVerify } from "jose";
import { createServer, request as httpRequest } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { until } from "../../support/wait.ts";
import { expectRow, Scene } from "./scene.ts";

const scene = new Scene();

/** The class of `ws`, with the headers that a browser would send. */
function withHeaders(headers: Readonly<Record<string, string>>) {
  return class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, { headers });
    }
  } as unknown as typeof globalThis.WebSocket;
}

it("a wrong path is named by the server, and the client has the status [s-M1]", async () => {
  const url = await scene.serve();
  scene.connect(url.replace("/ws", "/socket"));
  await expectRow("wrong-path", scene.said);
  expect(scene.lines).toHaveLength(1);
});

it("a wrong port is a cause of the client [s-M1]", async () => {
  const server = createServer();
  const port = await scene.listen(server);
  await new Promise((resolve) => server.close(resolve));
  scene.connect(`ws://127.0.0.1:${String(port)}/ws`);
  await expectRow("wrong-port", scene.said);
});

it("a proxy that passes no upgrade on is a cause of the client [s-M1]", async () => {
  const target = new URL(await scene.serve());
  const proxy = createServer((incoming, response) => {
    const { upgrade: _, connection: __, ...headers } = incoming.headers;
    const { port } = target;
    httpRequest({ port, path: incoming.url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    }).end();
  });
  const port = await scene.listen(proxy);
  scene.connect(`ws://127.0.0.1:${String(port)}/ws`);
  await expectRow("proxy-without-upgrade", scene.said);
});

it("a page of another origin is named with the line that allows it [s-M1]", async () => {
  const url = await scene.serve();
  const headers = { cookie: "session=1", origin: "https://app.example.com" };
  scene.connect(url, { WebSocket: withHeaders(headers) });
  await expectRow("other-origin", scene.said);
});

it("a cookie without an origin is named, and what to do about it [s-M1]", async () => {
  const url = await scene.serve();
  scene.connect(url, { WebSocket: withHeaders({ cookie: "session=1" }) });
  await expectRow("missing-origin", scene.said);
});

it("localhost beside 127.0.0.1 is let in, with a warning that names the option [s-M1]", async () => {
  const url = await scene.serve({
    authenticate: ({ headers }) => (headers.get("cookie") === null ? null : { user: { id: "ada" } }),
  });
  const headers = { cookie: "session=1", origin: "http://localhost:5173" };
  scene.connect(url, { WebSocket: withHeaders(headers) });
  await expectRow("localhost", scene.said);
});

it("a visitor without a session costs the server no line, and the client one [s-M1]", async () => {
  const url = await scene.serve({ authenticate: () => null });
  const client = createWebSocketClient({ url });
  scene.onEnd(() => {
    client.close();
  });
  await until("authRequired", () => client.state.status === "authRequired");
  expect(scene.lines).toEqual([]);
  expect(scene.said.client?.().match(/\[halyard\]/g)).toHaveLength(1);
});

it("a cookie that is not sent is 401 on both sides [s-M1]", async () => {
  const url = await scene.serve({
    verboseLogging: true,
    authenticate: ({ headers }) => (headers.get("cookie") === null ? null : { user: { id: "ada" } }),
  });
  const client = scene.connect(url);
  await expectRow("no-cookie", scene.said);
  await until("authRequired", () => client.state.status === "authRequired");
});

const KEY = new TextEncoder().encode("a key of thirty-two characters ok");

it.each([
  ["expired-token", "a token that has expired", -60],
  ["wrong-clock", "a clock of the server that is an hour late", 3_600],
])(
  "%s: %s is the application's own error in onError's place, and 401 or 503 [s-M1]",
  async (id, _what, offsetS) => {
    const url = await scene.serve({
      authenticate: async ({ headers }) => {
        const token = headers.get("authorization") ?? "";
        const { payload } = await jwtVerify(token.replace("Bearer ", ""), KEY);
        return { user: { id: String(payload.sub) } };
      },
    });
    const now = Math.floor(Date.now() / 1_000) + offsetS;
    const jwt = new SignJWT({ sub: "ada" }).setProtectedHeader({ alg: "HS256" });
    const token = await (id === "expired-token" ? jwt.setExpirationTime(now) : jwt.setNotBefore(now)).sign(
      KEY,
    );
    scene.connect(url, { WebSocket: withHeaders({ authorization: `Bearer ${token}` }) });
    await expectRow(id, scene.said);
  },
);

/** A Better Auth as a newcomer writes it. The session cookie is one of another secret, which is looked up all the same. */
function newcomersAuth(db = new DatabaseSync(":memory:")) {
  scene.onEnd(() => db.close());
  const [baseURL, secret] = ["http://localhost:3000", "k3J9vQ2mX7pL5sT8wZ1yB4nC6dF0gH3j"];
  return betterAuth({ database: db, baseURL, secret, plugins: [anonymous(), halyard()] });
}

it("a Better Auth without its tables is named, and what makes them", async () => {
  const url = await scene.serve({ authenticate: betterAuthAuthenticator(newcomersAuth()) });
  const headers = { cookie: "better-auth.session_token=a.b", origin: "http://localhost:3000" };
  scene.connect(url, { WebSocket: withHeaders(headers) });
  await expectRow("no-tables", scene.said);
});

it("a ticket that another program than its page connects with is named with both", async () => {
  const auth = newcomersAuth();
  await (await getMigrations(auth.options)).runMigrations();
  const url = await scene.serve({ authenticate: betterAuthAuthenticator(auth) });
  const signedIn = await auth.api.signInAnonymous({ asResponse: true });
  const [cookie = ""] = signedIn.headers.getSetCookie();
  const headers = { cookie: cookie.split(";")[0] ?? "", origin: "http://localhost:3000" };
  const ticket = async () => (await auth.api.createHalyardTicket({ headers: new Headers(headers) })).ticket;
  scene.connect(url, { WebSocket, ticket });
  await expectRow("ticket-origin", scene.said);
});

it("an authenticate that gives no user id is named [s-M1]", async () => {
  const url = await scene.serve({ authenticate: () => ({ id: "ada" }) as never });
  scene.connect(url);
  await expectRow("no-user-id", scene.said);
});

it("an old client is told by the server and by its cause [s-M1]", async () => {
  const url = await scene.serve({ acceptContract: (contract) => contract === "2" });
  scene.connect(url, { contract: "1" });
  await expectRow("old-client", scene.said);
});

it("a promise in place of an answer is named [s-M1]", async () => {
  const url = await scene.serve({ acceptContract: (() => Promise.resolve(true)) as never });
  scene.connect(url);
  await expectRow("promise-not-awaited", scene.said);
});

it("a client that tries wrong credentials again and again is refused with 429 [s-M1]", async () => {
  const url = await scene.serve({
    authenticate: () => null,
    limits: { refusedUpgradeBurst: 1, refusedUpgradesPerSecond: 0.01 },
  });
  scene.connect(url);
  await expectRow("too-many-tries", scene.said);
});

it("a client that is made again at each render uses up the connections of its user [s-M1]", async () => {
  const url = await scene.serve({ maxConnectionsPerUser: 2 });
  for (const _ of [1, 2, 3]) scene.connect(url);
  await expectRow("client-made-twice", scene.said);
});

it("ws: in a page of https: is the cause, with the browser's own text [s-M1]", async () => {
  // As Chromium does in a page of https:.
  const WebSocket = function refuse(): never {
    throw new DOMException(
      "Failed to construct 'WebSocket': An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.",
      "SecurityError",
    );
  } as unknown as typeof globalThis.WebSocket;
  scene.connect("ws://app.example.com/ws", { WebSocket });
  await expectRow("insecure-url", scene.said);
});

it("a url that can never work throws [s-M1]", async () => {
  await expectRow("invalid-url", { throws: () => createWebSocketClient({ url: "localhost:3000/ws" }) });
});

it("the client tells the console once why its first attempt failed, and nothing after a connection [s-M1]", async () => {
  const url = await scene.serve({ authenticate: () => null, logger: false });
  const client = createWebSocketClient({ url });
  scene.onEnd(() => {
    client.close();
  });
  await until("authRequired", () => client.state.status === "authRequired");
  client.reconnect();
  await until("authRequired again", () => client.state.status === "authRequired");
  const said = scene.said.client?.() ?? "";
  expect(said.match(/\[halyard\]/g)).toHaveLength(1);
  expect(said).toContain("status: 401");
  expect(scene.lines).toEqual([]);
});
