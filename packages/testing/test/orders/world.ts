// One or more nodes of an application, its pages, and everything that may happen to them.
// The property test takes random steps in it; at the end everything heals, and what was promised is compared with what came.
import { createWebSocketSystem } from "@halyard/server";
import type { Backplane, LogEntry, WebSocketManager } from "@halyard/server";
import { vi } from "vitest";
import { createSharedBackplane } from "../../src/backplane/shared-backplane.ts";
import type { SharedBackplane, SharedBackplaneOptions } from "../../src/backplane/shared-backplane.ts";
import { TurnClock } from "../../src/clock/test-clock.ts";
import { createDeliveryChecker } from "../../src/delivery/delivery-checker.ts";
import type { DeliveryEvent } from "../../src/delivery/delivery-event.ts";
import { channelOf, Page } from "./page.ts";
import { idIn, StoreLosses } from "./store-losses.ts";
import { afterWork, queueTurn, waitOneTurn } from "./turns.ts";

export const ROOMS = ["a", "b"];

/** The pages, by name, and their users: ada has two. */
const PAGES = { ada: "ada", ada2: "ada", bea: "bea", cleo: "cleo" };
const NEVER_MORE_THAN_MS = 240_000;

export interface WorldOptions {
  readonly seed: number;
  /** Two nodes on a shared backplane with these faults; otherwise one node on memory. */
  readonly shared?: SharedBackplaneOptions | undefined;
  /** The longest time for which a handler, and `authorize`, works, ms. */
  readonly handlerMs: number;
}

interface Node {
  readonly id: string;
  readonly manager: WebSocketManager;
  readonly pages: Set<Page>;
  isDead: boolean;
}

/** Timers of the runtime, which only the library behind the client's reconnects uses, run in the next turn. */
let timersOfRuntime = 0;

export function replaceRuntimeTimers(): void {
  vi.stubGlobal("setTimeout", (callback: () => void) => {
    timersOfRuntime++;
    queueTurn(() => {
      timersOfRuntime--;
      callback();
    });
  });
}

export class World {
  readonly clock;
  readonly pages: readonly Page[];
  readonly log: DeliveryEvent[] = [];
  readonly errors: unknown[] = [];
  readonly #options: WorldOptions;
  readonly #shared: SharedBackplane | undefined;
  readonly #nodes: Node[] = [];
  readonly #next = new Map<string, number>();
  readonly #traffic = { inFlight: 0, count: 0 };
  /** By page and channel, the ids that came since the last position or gap. */
  readonly #came = new Map<string, string[]>();
  #announced = 0;
  readonly #losses = new StoreLosses();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.clock = new TurnClock({ seed: options.seed }, queueTurn);
    if (options.shared !== undefined)
      this.#shared = createSharedBackplane({ ...options.shared, clock: this.clock, seed: options.seed });
    for (let n = 0; n < (this.#shared === undefined ? 1 : 2); n++) this.#nodes.push(this.#startNode());
    this.pages = Object.entries(PAGES).map(([name, userId]) => this.#openPage(name, userId));
  }

  get isShared(): boolean {
    return this.#shared !== undefined;
  }

  /** The node of this number; a dead one has been replaced. */
  node(number: number): Node {
    const node = this.#nodes[number % this.#nodes.length];
    if (node === undefined) throw new RangeError("there is no node");
    return node;
  }

  page(number: number): Page {
    const page = this.pages[number % this.pages.length];
    if (page === undefined) throw new RangeError("there is no page");
    return page;
  }

  run(ms: number): Promise<void> {
    return this.clock.advance(ms, () => this.#settle());
  }

  /** The page connects next to this node, once its connection ends. */
  direct({ name }: Page, node: number): void {
    this.#next.set(name, node);
  }

  /** A message of the application, from a node. */
  announce(node: number, room: string | undefined): void {
    const { manager } = this.node(node);
    const message = { type: "announcement", message: String(++this.#announced) } as const;
    void (room === undefined ? manager.broadcastMessage(message) : manager.sendToRoom(room, message));
  }

  partition(node: number): void {
    this.#shared?.partition(this.node(node).id);
  }

  freeze(node: number): void {
    this.#shared?.freeze(this.node(node).id);
  }

  heal(): void {
    this.#shared?.heal();
  }

  clear(): void {
    this.#losses.emptied();
    this.#shared?.clear();
  }

  rewind(ms: number): void {
    this.#losses.wentBack(this.clock.now(), ms);
    this.#shared?.rewind(ms);
  }

  /** Ends a node as `kill -9` does, and starts another one in its place. */
  kill(number: number): void {
    if (this.#shared === undefined) return;
    const node = this.node(number);
    node.isDead = true;
    this.#shared.kill(node.id);
    for (const page of node.pages) page.cut();
    this.#nodes[number % this.#nodes.length] = this.#startNode();
  }

  /** Heals everything, lets everyone send once more, and waits until nothing is on its way. @returns what is wrong */
  async finish(): Promise<readonly string[]> {
    this.heal();
    await this.#until("every page is connected", () =>
      this.pages.every(({ isClosed, state }) => isClosed || state === "open"),
    );
    await this.run(12_000);
    for (const page of this.pages)
      if (!page.isClosed) for (const room of [undefined, ...page.rooms.keys()]) page.send(room);
    await this.#until("every send has a receipt", () =>
      this.pages.every(({ unanswered }) => unanswered === 0),
    );
    await this.run(15_000);
    return this.#check(await this.#readStore());
  }

  async close(): Promise<void> {
    for (const page of this.pages) if (!page.isClosed) page.close();
    const closing = this.#nodes.map(({ manager }) => manager.close());
    await this.run(5_000);
    await Promise.all(closing);
  }

  #check(stored: ReadonlySet<string>): readonly string[] {
    const checker = createDeliveryChecker();
    for (const event of this.log) checker.add(event);
    for (const room of [undefined, ...ROOMS]) {
      const present = this.pages.filter(
        (page) => !page.isClosed && (room === undefined || page.rooms.has(room)),
      );
      const users = [...new Set(present.map(({ userId }) => userId))];
      checker.add({ type: "online", channel: channelOf(room), users });
    }
    const violations = checker
      .finish()
      .violations.filter((violation) => !this.#losses.explain(violation, stored));
    return [
      ...violations.map(
        ({ kind, client, channel, message }) => `${kind} at ${client} in ${channel}: ${message}`,
      ),
      ...this.pages.flatMap((page) => this.#checkPage(page, stored)),
    ];
  }

  /** The messages that the store has in the end, as channel and offset, and as channel and id. */
  async #readStore(): Promise<ReadonlySet<string>> {
    const stored = new Set<string>();
    const oracle = this.#losses.isEmpty ? undefined : this.#shared?.node("oracle");
    for (const channel of ["all", ...ROOMS.map(channelOf)]) {
      // The reply may be lost, as each reply of the store may.
      for (
        let reads = 0, entries: readonly LogEntry[] | undefined;
        entries === undefined && reads < 20;
        reads++
      ) {
        const reading = oracle?.read(channel, { after: 0, limit: 10_000 }).catch(() => undefined);
        await this.run(2_000);
        entries = (await reading)?.entries;
        for (const { offset, data } of entries ?? [])
          stored.add(`${channel} ${offset}`).add(`${channel} ${idIn(data)}`);
      }
    }
    return stored;
  }

  /** What came to a page has reached its application, once and in order. */
  #checkPage(page: Page, stored: ReadonlySet<string>): string[] {
    if (page.isClosed) return [];
    return [undefined, ...page.rooms.keys()].flatMap((room) => {
      const channel = channelOf(room);
      const heard = page.heard.get(channel) ?? [];
      const isStored = (id: string): boolean => stored.has(`${channel} ${id}`);
      const all = this.#came.get(`${page.name} ${channel}`) ?? [];
      const came = this.#losses.withoutForgotten(all, { heard, isStored });
      const wrong: string[] = [];
      if (new Set(heard).size !== heard.length) wrong.push("twice at the application");
      const last = came.length === 0 ? [] : heard.slice(-came.length);
      if (last.join() !== came.join())
        wrong.push(`came ${came.join()}, and the application got ${last.join()}`);
      return wrong.map((text) => `${page.name} in ${channel}: ${text}`);
    });
  }

  async #until(what: string, isTrue: () => boolean): Promise<void> {
    for (let waited = 0; !isTrue(); waited += 1_000) {
      if (waited > NEVER_MORE_THAN_MS) throw new Error(`${what}: not so after ${waited} ms`);
      await this.run(1_000);
    }
  }

  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet++) {
      await waitOneTurn();
      if (this.#traffic.inFlight > 0 || this.clock.pending > 0 || timersOfRuntime > 0) quiet = -1;
    }
  }

  #startNode(): Node {
    const { clock } = this;
    const id = `n${this.#nodes.length}${this.#announced}x${Math.floor(clock.random() * 1e9)}`;
    const backplane: Backplane | undefined = this.#shared?.node(id);
    const node: Node = {
      id,
      pages: new Set(),
      isDead: false,
      manager: createWebSocketSystem({
        clock,
        backplane,
        authorize: () => afterWork(clock, this.#options.handlerMs, true),
        onError: (error) => {
          if (!this.isShared) this.errors.push(error);
        },
        limits: { chatPerSecond: 1_000, chatBurst: 1_000, joinsPerSecond: 1_000, joinBurst: 1_000 },
        chat: {
          beforePublish: (_, { messageId }) => {
            if (!node.isDead) this.#handled(id, messageId);
            return afterWork(clock, this.#options.handlerMs, undefined);
          },
        },
      }).manager,
    };
    return node;
  }

  #openPage(name: string, userId: string): Page {
    const page: Page = new Page({
      name,
      userId,
      clock: this.clock,
      traffic: this.#traffic,
      server: () => {
        const node = this.node(this.#next.get(name) ?? 0);
        for (const each of this.#nodes) each.pages.delete(page);
        node.pages.add(page);
        const { manager } = node;
        return {
          open: (ws) => manager.handleOpen(ws),
          message: (ws, text) => {
            if (!node.isDead) manager.handleMessage(ws, text);
          },
          close: (ws, code) => manager.handleClose(ws, code),
        };
      },
      write: (event) => this.#write(event),
      onError: (error) => this.errors.push(error),
    });
    return page;
  }

  #handled(node: string, id: string): void {
    this.#losses.handled(`${id} ${node}`, this.clock.now());
    this.#write({ type: "handled", node, id });
  }

  #write(event: DeliveryEvent): void {
    this.log.push(event);
    if (!("client" in event) || !("channel" in event) || event.channel === undefined) return;
    const key = `${event.client} ${event.channel}`;
    if (event.type === "gap" || event.type === "positioned" || event.type === "left") this.#came.set(key, []);
    if (event.type === "received") this.#came.get(key)?.push(event.id ?? "");
  }
}
