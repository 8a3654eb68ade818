import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { Backplane, BackplaneHandlers, ClientRef, RoomsOfClient } from "../backplane.ts";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";

/** A node on a store that loses what it is told to. */
class LosingStore {
  readonly clock = new FakeClock();
  readonly system: TestSystem;
  readonly calls: (readonly RoomsOfClient[])[] = [];
  isAway = false;
  #handlers: BackplaneHandlers | undefined;
  readonly #memory = createMemoryBackplane({ clock: this.clock });

  constructor({ canSet = true } = {}) {
    const memory = this.#memory;
    const orAway = (call: () => unknown): Promise<void> =>
      this.isAway ? Promise.reject(new HalyardError("unavailable")) : Promise.resolve(void call());
    const own: Partial<Backplane> = {
      kind: "losing",
      start: (handlers) => {
        this.#handlers = handlers;
        return memory.start(handlers);
      },
      giveRoom: (...args) => orAway(() => memory.giveRoom(...args)),
      takeRoom: (...args) => orAway(() => memory.takeRoom(...args)),
      ...(canSet && { setRooms: (clients) => orAway(() => this.#set(clients)) }),
    };
    const backplane = new Proxy<Backplane>(memory, {
      get: (target, name) => {
        const value = own[name as keyof Backplane] ?? target[name as keyof Backplane];
        return typeof value === "function" ? (value as () => unknown).bind(target) : value;
      },
    });
    this.system = new TestSystem({ clock: this.clock, backplane });
  }

  #set(clients: readonly RoomsOfClient[]): void {
    this.calls.push(clients);
    for (const { rooms, ...ref } of clients) {
      for (const room of this.#memory.givenRooms(ref) as string[]) void this.#memory.takeRoom(ref, room);
      for (const room of rooms) void this.#memory.giveRoom(ref, room);
    }
  }

  roomsOf(ref: ClientRef): readonly string[] {
    return this.#memory.givenRooms(ref) as string[];
  }

  /** The records of clients are what they once were, and the node hears of it. */
  async goBack(clients: readonly (ClientRef & { readonly rooms: readonly string[] })[]): Promise<void> {
    for (const { rooms, ...ref } of clients) {
      for (const room of this.roomsOf(ref)) void this.#memory.takeRoom(ref, room);
      for (const room of rooms) void this.#memory.giveRoom(ref, room);
    }
    this.#handlers?.onFenced();
    await this.clock.settle();
  }

  refs(): ClientRef[] {
    return [...this.system.internals.connections.all()].map(({ client }) => client);
  }
}

let store: LosingStore;
afterEach(async () => {
  // What is read again after an interruption is read within two seconds.
  await store.clock.advance(5_000);
  await store.system.expectToEndCleanly();
});

describe("after the store has lost data", () => {
  it("each open client has the rooms of its connection again, and none that was taken", async () => {
    store = new LosingStore();
    const { system } = store;
    const [ada, bob] = [await system.join("ada"), await system.join("bob")];
    await system.manager.join(ada, "hall");
    await system.manager.join(bob, "left");
    await system.manager.leave(bob, "left");
    const [first, second] = store.refs();
    if (first === undefined || second === undefined) throw new Error("not connected");
    await store.goBack([
      { ...first, rooms: [] },
      { ...second, rooms: ["left"] },
    ]);
    expect(store.calls.map((call) => call.map(({ rooms }) => rooms))).toEqual([[["hall"], []]]);
    expect([store.roomsOf(first), store.roomsOf(second)]).toEqual([["hall"], []]);
  });

  it("many clients go in calls of 200 clients and rooms, at most", async () => {
    store = new LosingStore();
    for (let n = 0; n < 150; n++) {
      const ws = await store.system.join(`u${String(n)}`);
      await store.system.manager.join(ws, "hall");
    }
    await store.goBack(store.refs().map((ref) => ({ ...ref, rooms: [] })));
    expect(store.calls.map(({ length }) => length)).toEqual([100, 50]);
  });

  it("what cannot be stored is stored when the backplane is back, as it is then", async () => {
    store = new LosingStore();
    const ws = await store.system.join("ada");
    await store.system.manager.join(ws, "hall");
    await store.system.manager.join(ws, "yard");
    const [ref] = store.refs();
    if (ref === undefined) throw new Error("not connected");
    store.isAway = true;
    await store.goBack([]);
    await expect(store.system.manager.leave(ws, "yard")).rejects.toMatchObject({ code: "unavailable" });
    expect(store.roomsOf(ref)).toEqual(["hall", "yard"]);
    store.isAway = false;
    await store.clock.advance(5_000);
    expect(store.roomsOf(ref)).toEqual(["hall"]);
  });

  it("a backplane that cannot replace rooms is given each of them", async () => {
    store = new LosingStore({ canSet: false });
    const ws = await store.system.join("ada");
    await store.system.manager.join(ws, "hall");
    const [ref] = store.refs();
    if (ref === undefined) throw new Error("not connected");
    await store.goBack([{ ...ref, rooms: [] }]);
    expect(store.roomsOf(ref)).toEqual(["hall"]);
  });
});
