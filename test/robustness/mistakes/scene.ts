// A mistake of a developer on a real server with a real client: what the console and the client's state say.
// `expectRow` compares it with the row of docs/troubleshooting.md, from which each expected text is read.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import { createWebSocketSystem } from "@halyard/server";
import type { WebSocketManagerConfig, WebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { listenOnLoopback } from "../../support/listen-on-loopback.ts";
import { until } from "../../support/wait.ts";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each mistake has a contract of its own, or none
export type System = WebSocketSystem<any, any>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type Config = WebSocketManagerConfig<any, any>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a mistake is a call that the types of a contract refuse
export type AnyClient = WebSocketClient<any>;

/** The texts of one row, by who says them: the server's console, the client, or what is thrown. */
type Texts = Readonly<Partial<Record<"server" | "client" | "throws", readonly string[]>>>;

/** What the row of a mistake quotes. @throws Error without the row */
function rowOf(id: string): Texts {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/troubleshooting.md"), "utf8");
  const row = page.split("\n").find((line) => line.includes(`<a id="${id}"></a>`));
  if (row === undefined) throw new Error(`docs/troubleshooting.md has no row ${id}`);
  const texts: Record<string, string[]> = {};
  for (const [, who = "", text = ""] of row.matchAll(/(server|client|throws): `([^`]+)`/g))
    (texts[who] ??= []).push(text);
  return texts;
}

/** What was said, and `throws` what was thrown. */
export interface Said {
  readonly server?: () => string;
  readonly client?: () => string;
  readonly throws?: () => unknown;
}

/** Waits until all that the row quotes was said, by who the row says. */
export async function expectRow(id: string, said: Said): Promise<void> {
  const texts = rowOf(id);
  expect(Object.keys(texts), `the row ${id}`).not.toEqual([]);
  for (const [who, expected] of Object.entries(texts) as [keyof Texts, readonly string[]][])
    for (const text of expected) await expectText(text, said[who]);
}

async function expectText(text: string, said: (() => unknown) | undefined): Promise<void> {
  const read = (): string => {
    try {
      return String(said?.());
    } catch (error) {
      return String(error);
    }
  };
  await until(text, () => read().includes(text)).catch(() => {
    expect(read()).toContain(text);
  });
}

export class Scene {
  /** The lines that the server has written to the console. */
  readonly lines: string[] = [];
  readonly #clientSaid: string[] = [];
  readonly #ends: (() => unknown)[] = [];

  constructor() {
    beforeEach(() => {
      this.lines.length = this.#clientSaid.length = 0;
      for (const level of ["info", "warn", "error"] as const)
        vi.spyOn(console, level).mockImplementation((...values: unknown[]) => {
          const [first, ...rest] = values;
          // The client writes its cause as an object.
          const said = rest.length > 0 ? this.#clientSaid : this.lines;
          said.push(
            [first, ...rest.map((value) => (typeof value === "string" ? value : inspect(value)))].join(" "),
          );
        });
    });
    afterEach(async () => {
      for (const end of this.#ends.splice(0).reverse()) await end();
      vi.restoreAllMocks();
    });
  }

  /** What was said so far. */
  get said(): Said {
    return { server: () => this.lines.join("\n"), client: () => this.#clientSaid.join("\n") };
  }

  /** The client, or the developer's own code beside it, has said this. */
  tell(value: unknown): void {
    this.#clientSaid.push(typeof value === "string" ? value : inspect(value, { depth: 5 }));
  }

  onEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  async listen(server: Server): Promise<number> {
    const port = await listenOnLoopback(server);
    this.onEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    return port;
  }

  system(config: Config = {}): System {
    const system: System = createWebSocketSystem({
      authenticate: () => ({ user: { id: "ada" } }),
      ...config,
    });
    this.onEnd(() => system.manager.close());
    return system;
  }

  /** @returns the URL of the path "/ws" */
  async serve(config: Config = {}, add?: (system: System) => void): Promise<string> {
    const system = this.system(config);
    add?.(system);
    const server = createServer((_request, response) => response.writeHead(404).end());
    attachWebSocketServer(server, { manager: system.manager });
    return `ws://127.0.0.1:${String(await this.listen(server))}/ws`;
  }

  /** A client, each of whose causes is remembered. */
  connect(url: WebSocketClientOptions["url"], options: Partial<WebSocketClientOptions> = {}): AnyClient {
    const client: AnyClient = createWebSocketClient({ url, ...options });
    this.onEnd(() => {
      client.close();
    });
    client.onStateChange(({ cause }) => {
      if (cause !== undefined) this.tell(cause);
    });
    return client;
  }
}
