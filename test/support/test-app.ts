// Starts the fixture application in a place, and opens clients to it.
// `onEachRuntime` defines the tests of a file on Node and on Bun; `describeAttacks` extends it for the attacks.
// `onEachBackplane` and `onEachRuntimeAndTwoNodes` define the tests of the conformance suite, also with a store of several nodes.
// After each file the application must have no unhandled rejection, no secret in its log, and empty maps of users and connections.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { ORIGIN } from "../fixtures/identity.ts";
import type { Entry } from "../fixtures/journal.ts";
import type { AppOptions } from "../fixtures/options.ts";
import type { RedisServer } from "../../packages/redis/test/redis-server.ts";
import { AppServer } from "./app-server.ts";
import type { Runtime } from "./app-server.ts";
import { IS_LONG } from "./long-run.ts";
import { BACKPLANES, NODES, place as placeOf, programOf, RUNTIMES } from "./places.ts";
import type { Place } from "./places.ts";
import { RawClient } from "./raw-client.ts";
import type { ConnectOptions } from "./raw-client.ts";
import { Page, V1Client } from "./v1-client.ts";
import { until } from "./wait.ts";

export { ORIGIN };

export interface Stats {
  readonly totalUsers: number;
  readonly totalConnections: number;
  readonly connectedUsers: number;
  readonly wsInstances: number;
}

type ClientOptions = Partial<Omit<ConnectOptions, "url">>;

/** The fixture application in a place, and the clients of a test. */
export class TestApp {
  readonly runtime: Runtime;
  readonly #place: Place;
  readonly #options: AppOptions;
  readonly #fixtures: string;
  readonly #clients = new Set<RawClient>();
  #server: AppServer | undefined;
  #redis: RedisServer | undefined;
  #names = 0;
  port = 0;

  /** @param fixtures the folder of the programs @default the folder `fixtures` of this checkout */
  constructor(place: Runtime | Place, options: AppOptions, fixtures = "") {
    this.#place = typeof place === "string" ? placeOf(place) : place;
    this.runtime = this.#place.runtime;
    this.#options = options;
    this.#fixtures = fixtures;
  }

  async start(): Promise<void> {
    if (this.#place.store === "Redis") this.#redis = await startRedis();
    const sharesMemory = this.#place.store === "shared backplane";
    const options = { ...this.#options, redis: this.#redis?.url, sharesMemory };
    const program = programOf(this.#place, options);
    this.#server = new AppServer(this.runtime, options, join(this.#fixtures, program));
    this.port = await this.#server.listen();
  }

  /** Ends the process, after checks that it has no unhandled rejection, a bounded log and empty maps. */
  async stop(): Promise<void> {
    try {
      await this.closeClients();
      expect(await this.command("health")).toEqual({ unhandled: [], polluted: false });
      await this.expectBoundedLog();
      expect(await this.stats()).toEqual({
        totalUsers: 0,
        totalConnections: 0,
        connectedUsers: 0,
        wsInstances: 0,
      });
    } finally {
      await this.#server?.stop();
      await this.#redis?.close();
    }
  }

  /** Expects every entry of the log to be one short line without a secret. */
  async expectBoundedLog(): Promise<void> {
    for (const line of (await this.command("log")) as string[]) {
      expect(Buffer.byteLength(line), line).toBeLessThanOrEqual(512);
      expect(line).not.toMatch(/[\r\n]|session=|session_token|halyard\.ticket\.|hunter2/);
    }
  }

  async command(name: string, input: object = {}): Promise<unknown> {
    if (this.#server === undefined) throw new Error("The fixture has not been started.");
    return this.#server.command(name, input);
  }

  async stats(): Promise<Stats> {
    return (await this.command("stats")) as Stats;
  }

  /** The entries that the code of the application has recorded. */
  async journal(what: string, userId?: string): Promise<Entry[]> {
    return (await this.command("journal", { what, userId })) as Entry[];
  }

  /** A user id that no other test of this app has. */
  user(name = "ada"): string {
    return `${name}-${String(++this.#names)}`;
  }

  /** A room name that no other test of this app has. */
  room(name = "room"): string {
    return `${name}.${String(++this.#names)}`;
  }

  get url(): string {
    return `ws://127.0.0.1:${String(this.port)}/ws`;
  }

  /** Opens a plain client; the test reads its welcome. */
  async open(userId: string, options: ClientOptions = {}): Promise<RawClient> {
    return this.#keep(new RawClient(this.#connectOptions(userId, options)));
  }

  /** Opens a plain client, and reads its welcome and its user list. */
  async plain(userId = this.user(), options: ClientOptions = {}): Promise<RawClient> {
    const client = await this.open(userId, options);
    await client.next("user_list");
    return client;
  }

  /** Opens a `halyard.v1` client, which has not sent its `hello`. */
  async openV1(userId: string, page = new Page(), options: ClientOptions = {}): Promise<V1Client> {
    return this.#keep(new V1Client(this.#connectOptions(userId, options), page));
  }

  /**
   * Opens a `halyard.v1` client, sends its hello, and reads its welcome and its user list.
   *
   * @param fields of the hello, in addition to those of every client
   */
  async v1(userId = this.user(), page = new Page(), fields: object = {}): Promise<V1Client> {
    const client = await this.openV1(userId, page);
    await client.hello(fields);
    await client.next("user_list");
    return client;
  }

  /** Closes the clients of the test, and waits until the server has none of their connections. */
  async closeClients(): Promise<void> {
    const clients = [...this.#clients];
    this.#clients.clear();
    await Promise.all(clients.map(async (client) => client.close()));
    await until("all connections to be closed", async () => (await this.stats()).totalConnections === 0);
  }

  #connectOptions(userId: string, { headers, ...options }: ClientOptions): ConnectOptions {
    return {
      url: this.url,
      headers: { cookie: `session=${userId}`, origin: ORIGIN, ...headers },
      ...options,
    };
  }

  async #keep<TClient extends RawClient>(client: TClient): Promise<TClient> {
    this.#clients.add(client);
    try {
      return await client.open();
    } catch (error) {
      this.#clients.delete(client);
      throw error;
    }
  }
}

/** Imports the file only for Redis: an older commit, on whose packages `pnpm test:against` runs the suites, may not have the file. */
async function startRedis(): Promise<RedisServer> {
  const { RedisServer } = await import("../../packages/redis/test/redis-server.ts");
  return RedisServer.start();
}

type Define = (app: TestApp) => void;

/** Defines the same tests against the fixture application on Node and on Bun. */
export function onEachRuntime(title: string, options: AppOptions, define: Define): void {
  defineAt(RUNTIMES, title, options, define);
}

/** Defines the same tests as {@link onEachRuntime}, and also on a node with each backplane. */
export function onEachBackplane(title: string, options: AppOptions, define: Define): void {
  defineAt(BACKPLANES, title, options, define);
}

/** {@link onEachBackplane} in the long form, else {@link onEachRuntime}: for tests that take long or hardly use a backplane. */
export const onEachBackplaneIfLong = IS_LONG ? onEachBackplane : onEachRuntime;

/** Defines the same tests as {@link onEachRuntime}, and also on two nodes with each store, to which requests go in turn. */
export function onEachRuntimeAndTwoNodes(title: string, options: AppOptions, define: Define): void {
  defineAt(NODES, title, options, define);
}

function defineAt(places: readonly Place[], title: string, options: AppOptions, define: Define): void {
  describe.each(places)(`${title}, on $name`, (place) => {
    const app = new TestApp(place, options);
    beforeAll(async () => app.start());
    afterEach(async () => app.closeClients());
    afterAll(async () => app.stop());
    define(app);
  });
}
