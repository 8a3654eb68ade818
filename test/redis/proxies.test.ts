// Two nodes behind each of the reverse proxies of docs/scaling.md, with the very files that it shows.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWebSocketClient } from "@halyard/client";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROXIES } from "../../scripts/proxies.ts";
import { findOrInstall } from "../../scripts/system-program.ts";
import { findFreePort } from "../../scripts/free-port.ts";
import { Program } from "../support/program.ts";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";

interface Proxy {
  readonly name: string;
  readonly file: string;
  readonly program: Parameters<typeof findOrInstall>[0];
  readonly args: (file: string, directory: string) => readonly string[];
}

const CASES: readonly Proxy[] = [
  {
    name: "nginx",
    file: "nginx.conf",
    program: PROXIES.nginx,
    args: (file, directory) => [
      ...["-p", directory, "-c", file, "-e", "stderr"],
      ...["-g", `daemon off; pid ${directory}/nginx.pid;`],
    ],
  },
  {
    name: "HAProxy",
    file: "haproxy.cfg",
    program: PROXIES.haproxy,
    args: (file) => ["-db", "-f", file],
  },
  {
    name: "Caddy",
    file: "Caddyfile",
    program: PROXIES.caddy,
    args: (file) => ["run", "--config", file, "--adapter", "caddyfile"],
  },
];

describe.each(CASES.map((proxy) => [proxy.name, proxy] as const))("two nodes behind %s", (_name, proxy) => {
  const directory = mkdtempSync(join(tmpdir(), "halyard-proxy-"));
  let cluster: Cluster;
  let program: Program | undefined;
  let port = 0;

  beforeAll(async () => {
    const path = findOrInstall(proxy.program);
    port = await findFreePort();
    cluster = await Cluster.start({ trustProxy: ["127.0.0.1"], allowedOrigins: null });
    const [one, two] = cluster.nodes.map((node) => node.port);
    const text = readFileSync(join(import.meta.dirname, "../../docs/proxies", proxy.file), "utf8")
      .replaceAll("3001", String(one))
      .replaceAll("3002", String(two))
      .replaceAll("8080", String(port));
    const file = join(directory, proxy.file);
    // Caddy has a port for its administration, which two tests at a time would share.
    writeFileSync(file, proxy.name === "Caddy" ? `{\n\tadmin off\n}\n${text}` : text);
    program = new Program(path, proxy.args(file, directory), { cwd: directory, env: { HOME: directory } });
    await until(
      "the proxy to answer",
      () =>
        fetch(`http://127.0.0.1:${String(port)}/ws`).then(
          ({ status }) => status < 500,
          () => false,
        ),
      20_000,
    );
  }, 120_000);

  afterAll(async () => {
    await program?.end("SIGTERM");
    await cluster.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A client as it is in a page that came through the proxy. */
  function connect(userId: string) {
    const headers = { cookie: `session=${userId}`, origin: `http://127.0.0.1:${String(port)}` };
    return createWebSocketClient({
      url: `ws://127.0.0.1:${String(port)}/ws`,
      WebSocket: class extends WebSocket {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(url, protocols, { headers });
        }
      },
      backoff: { minMs: 50, baseMs: 100, maxMs: 500 },
    });
  }

  it("clients are on both nodes, receive each other's messages, and are on the other node when theirs is killed", async () => {
    const clients = Array.from({ length: 6 }, (_each, index) => connect(`user-${String(index)}`));
    const heard = clients.map((): unknown[] => []);
    for (const [index, client] of clients.entries())
      client.on("chat_message", ({ content }) => heard[index]?.push(content));
    const areOpen = () => clients.every(({ state }) => state.status === "open");
    await until("all clients to be open", areOpen, 10_000);
    const counts = await Promise.all(
      cluster.nodes.map((node) => node.command<{ readonly totalConnections: number }>("stats")),
    );
    expect(counts.map(({ totalConnections }) => totalConnections > 0)).toEqual([true, true]);

    expect(await clients[0]?.send("chat_message", { content: "before" })).toMatchObject({
      status: "delivered",
    });
    await cluster.nodes[0]?.kill();
    expect(await clients[1]?.send("chat_message", { content: "after" })).toMatchObject({
      status: "delivered",
    });
    await until("all clients to be open again", areOpen, 20_000);
    const hasAll = () => heard.every((contents) => JSON.stringify(contents) === '["before","after"]');
    await until("both messages at each client", hasAll, 20_000);
    expect(heard).toEqual(clients.map(() => ["before", "after"]));
    for (const client of clients) client.close();
  });
});
