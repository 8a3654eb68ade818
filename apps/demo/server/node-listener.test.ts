import { once } from "node:events";
import type { Server } from "node:http";
import { createServer } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ADDRESS_HEADER } from "./auth.ts";
import type { Fetch } from "./fetch.ts";
import { createNodeListener } from "./node-listener.ts";

const ORIGIN = "https://chat.example";
let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function listen(fetch: Fetch): Promise<number> {
  server = createServer(createNodeListener(fetch, ORIGIN)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

/** Sends the bytes of a malformed request. @returns the first line of the response */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return chunk.toString().split("\r\n")[0] ?? "";
}

test("passes on method, body and the socket's address, and drops an address that the client sends", async () => {
  const port = await listen(async (request) =>
    Response.json([request.method, request.url, await request.text(), request.headers.get(ADDRESS_HEADER)]),
  );
  const headers = { [ADDRESS_HEADER]: "203.0.113.7" };
  const answer = await fetch(`http://127.0.0.1:${port}/a?b=c`, { method: "POST", body: "hello", headers });
  expect(await answer.json()).toEqual(["POST", `${ORIGIN}/a?b=c`, "hello", "127.0.0.1"]);
});

test("writes each cookie as a header of its own", async () => {
  const headers: [string, string][] = [
    ["set-cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
    ["set-cookie", "b=2"],
  ];
  const port = await listen(() => Promise.resolve(new Response("", { headers })));
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect(answer.headers.getSetCookie()).toEqual(["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]);
});

test.each(["//evil.example/x", "/\\evil.example"])(
  "uses the configured host for the path %s",
  async (path) => {
    const hosts: string[] = [];
    const port = await listen((request) => {
      hosts.push(new URL(request.url).host);
      return Promise.resolve(new Response("ok"));
    });
    await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
    expect(hosts).toEqual(["chat.example"]);
  },
);

test("answers 400 to a request target with another origin", async () => {
  const port = await listen(() => Promise.resolve(new Response("ok")));
  const line = await sendRaw(port, "GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n");
  expect(line).toBe("HTTP/1.1 400 Bad Request");
});

test("answers 413 to a body over 64 KiB", async () => {
  const port = await listen(() => Promise.resolve(new Response("ok")));
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "x".repeat(65 * 1024) });
  expect(answer.status).toBe(413);
});

test("answers 500 without the error's message when the handler throws", async () => {
  const port = await listen(() => Promise.reject(new Error("SELECT password")));
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect([answer.status, await answer.text()]).toEqual([500, "Something went wrong\n"]);
});
