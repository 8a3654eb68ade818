// The fixture application under attack, and a healthy client beside the attack.
// `describeAttacks` runs each attack against it on Node and on Bun.
// After every attack: the healthy client still receives its messages, and the server has released every resource.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import type { SecurityEvent } from "@halyard/server";
import type { AppOptions } from "../../fixtures/options.ts";
import type { Runtime } from "../../support/app-server.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { Users } from "../../support/users.ts";
import { ORIGIN, TestApp } from "../../support/test-app.ts";
import { until } from "../../support/wait.ts";
import { TcpClient } from "./tcp-client.ts";
import type { TcpClientOptions } from "./tcp-client.ts";

/** The resources that must be released when every client has disconnected. */
type ResourceCounts = Readonly<Record<string, number>>;

export class AttackedApp extends TestApp {
  readonly users = new Users(this);
  readonly #tcpClients = new Set<TcpClient>();
  readonly #hasSessions: boolean;
  #bystander: { readonly userId: string; readonly client: RawClient } | undefined;
  #baseline: ResourceCounts = {};

  constructor(runtime: Runtime, options: AppOptions) {
    super(runtime, options);
    this.#hasSessions = options.betterAuth !== undefined;
  }

  /** The headers of a session's cookie and of the application's own origin. */
  credentials(userId: string): (readonly [string, string])[] {
    return [
      ["Cookie", `session=${userId}`],
      ["Origin", ORIGIN],
    ];
  }

  /** Opens an accepted connection on bare TCP. */
  async openTcp(options: Partial<TcpClientOptions> = {}): Promise<TcpClient> {
    const headers = options.headers ?? this.credentials(this.user("eve"));
    const tcp = new TcpClient({ ...options, port: this.port, headers });
    this.#tcpClients.add(tcp);
    return tcp.open();
  }

  /** The security events so far. */
  async events(kind?: SecurityEvent["kind"]): Promise<SecurityEvent[]> {
    const events = (await this.command("securityEvents")) as SecurityEvent[];
    return events.filter((event) => kind === undefined || event.kind === kind);
  }

  /** The heap in bytes, after a collection. */
  async memory(): Promise<number> {
    return ((await this.command("memory")) as { readonly heap: number }).heap;
  }

  /** The number of the server's open files: each socket is one. */
  async files(): Promise<number> {
    return (await this.#resources())["files"] ?? 0;
  }

  async beginTest(): Promise<void> {
    if (this.#hasSessions) {
      const user = await this.users.signUp();
      this.#bystander = { userId: user.id, client: await this.users.plain(user) };
    } else {
      const userId = this.user("bystander");
      this.#bystander = { userId, client: await this.plain(userId) };
    }
  }

  /** Checks that hold after every attack. */
  async expectHealthy(): Promise<void> {
    for (const tcp of this.#tcpClients) tcp.destroy();
    this.#tcpClients.clear();
    await this.#expectDelivery();
    await this.closeClients();
    expect(await this.command("health")).toEqual({ unhandled: [], polluted: false });
    await this.#expectNothingLeft();
    await this.expectBoundedLog();
  }

  async rememberBaseline(): Promise<void> {
    this.#baseline = await this.#resources();
  }

  /** Expects the healthy client to receive its next 20 messages in order. */
  async #expectDelivery(): Promise<void> {
    if (this.#bystander === undefined) return;
    const { userId, client } = this.#bystander;
    const received = () => client.all("notice").map(({ text }) => text);
    const before = received().length;
    await this.command("publish", { count: 20, userId });
    await until("20 messages to the bystander", () => received().length >= before + 20);
    expect(received().slice(before)).toEqual(Array.from({ length: 20 }, (_, n) => String(n + 1)));
  }

  async #expectNothingLeft(): Promise<void> {
    let counts = await this.#resources();
    const isReleased = async (): Promise<boolean> => {
      counts = await this.#resources();
      return Object.entries(counts).every(([name, count]) => count <= (this.#baseline[name] ?? 0));
    };
    await until("all resources to be released", isReleased, 2_000).catch(() => {
      expect(counts).toEqual(this.#baseline);
    });
  }

  async #resources(): Promise<ResourceCounts> {
    const { files = 0, ...counts } = (await this.command("resources")) as ResourceCounts;
    // The client that sends requests to Better Auth keeps its connections open.
    return this.#hasSessions ? counts : { ...counts, files };
  }
}

/** Defines attacks against the fixture application on Node and on Bun, with the checks of `expectHealthy` after each. */
export function describeAttacks(
  title: string,
  options: AppOptions,
  define: (app: AttackedApp) => void,
): void {
  describe.each<Runtime>(["node", "bun"])(`${title}, on %s`, (runtime) => {
    const app = new AttackedApp(runtime, options);
    beforeAll(async () => {
      await app.start();
      await app.beginTest();
      await app.closeClients();
      await app.rememberBaseline();
    });
    beforeEach(async () => app.beginTest());
    afterEach(async () => app.expectHealthy());
    afterAll(async () => app.stop());
    define(app);
  });
}
