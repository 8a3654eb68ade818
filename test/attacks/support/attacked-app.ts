import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import type { SecurityEvent } from "@halyard/server";
import type { AppOptions } from "../../fixtures/options.ts";
import type { Runtime } from "../../support/app-server.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { People } from "../../support/users.ts";
import { ORIGIN, TestApp } from "../../support/test-app.ts";
import { until } from "../../support/wait.ts";
import { Wire } from "./tcp-client.ts";
import type { WireOptions } from "./tcp-client.ts";

/** What must be as before when everyone has gone. */
type Residue = Readonly<Record<string, number>>;

/** The fixture application under attack, and somebody who only wants to talk. */
export class Siege extends TestApp {
  readonly people = new People(this);
  readonly #wires = new Set<Wire>();
  readonly #hasSessions: boolean;
  #bystander: { readonly userId: string; readonly client: RawClient } | undefined;
  #baseline: Residue = {};

  constructor(runtime: Runtime, options: AppOptions) {
    super(runtime, options);
    this.#hasSessions = options.betterAuth !== undefined;
  }

  /** A session's cookie and the application's own origin. */
  credentials(userId: string): (readonly [string, string])[] {
    return [
      ["Cookie", `session=${userId}`],
      ["Origin", ORIGIN],
    ];
  }

  /** A connection that was let in, as bare TCP. */
  async wire(options: Partial<WireOptions> = {}): Promise<Wire> {
    const headers = options.headers ?? this.credentials(this.user("eve"));
    const wire = new Wire({ ...options, port: this.port, headers });
    this.#wires.add(wire);
    return wire.open();
  }

  /** The security events so far. */
  async events(kind?: SecurityEvent["kind"]): Promise<SecurityEvent[]> {
    const events = (await this.command("securityEvents")) as SecurityEvent[];
    return events.filter((event) => kind === undefined || event.kind === kind);
  }

  /** Bytes of heap, after a collection. */
  async memory(): Promise<number> {
    return ((await this.command("memory")) as { readonly heap: number }).heap;
  }

  /** How many files the server has open: each socket is one. */
  async files(): Promise<number> {
    return (await this.#residue())["files"] ?? 0;
  }

  async beginTest(): Promise<void> {
    if (this.#hasSessions) {
      const person = await this.people.signUp();
      this.#bystander = { userId: person.id, client: await this.people.plain(person) };
    } else {
      const userId = this.user("bystander");
      this.#bystander = { userId, client: await this.plain(userId) };
    }
  }

  /** What holds after every attack, whatever it was. */
  async expectToStand(): Promise<void> {
    for (const wire of this.#wires) wire.destroy();
    this.#wires.clear();
    await this.#expectToBeHeard();
    await this.closeClients();
    expect(await this.command("health")).toEqual({ unhandled: [], polluted: false });
    await this.#expectNothingLeft();
    await this.expectBoundedLog();
  }

  async rememberBaseline(): Promise<void> {
    this.#baseline = await this.#residue();
  }

  /** A healthy connection gets its next 20 messages, in order. */
  async #expectToBeHeard(): Promise<void> {
    if (this.#bystander === undefined) return;
    const { userId, client } = this.#bystander;
    const heard = () => client.all("told").map(({ text }) => text);
    const before = heard().length;
    await this.command("tell", { count: 20, userId });
    await until("20 messages to the bystander", () => heard().length >= before + 20);
    expect(heard().slice(before)).toEqual(Array.from({ length: 20 }, (_, n) => String(n + 1)));
  }

  async #expectNothingLeft(): Promise<void> {
    let residue = await this.#residue();
    const isBack = async (): Promise<boolean> => {
      residue = await this.#residue();
      return Object.entries(residue).every(([name, count]) => count <= (this.#baseline[name] ?? 0));
    };
    await until("everything to be given back", isBack, 2_000).catch(() => {
      expect(residue).toEqual(this.#baseline);
    });
  }

  async #residue(): Promise<Residue> {
    const { files = 0, ...residue } = (await this.command("residue")) as Residue;
    // Requests to Better Auth are made by a client that keeps its connections.
    return this.#hasSessions ? residue : { ...residue, files };
  }
}

/** Runs rows of attacks against the fixture application on Node and on Bun, with the standing checks after each. */
export function besiege(title: string, options: AppOptions, define: (siege: Siege) => void): void {
  describe.each<Runtime>(["node", "bun"])(`${title}, on %s`, (runtime) => {
    const siege = new Siege(runtime, options);
    beforeAll(async () => {
      await siege.start();
      await siege.beginTest();
      await siege.closeClients();
      await siege.rememberBaseline();
    });
    beforeEach(async () => siege.beginTest());
    afterEach(async () => siege.expectToStand());
    afterAll(async () => siege.stop());
    define(siege);
  });
}
