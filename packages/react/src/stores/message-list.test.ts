import { afterEach, expect, it, vi } from "vitest";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { AnyClient, AnyMessage, AnyScope } from "../common/client-view.ts";
import { MessageList } from "./message-list.ts";
import type { MessageListOptions } from "./message-list.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A list whose messages and receipts come in the order in which the test lets them come. */
function createList(options: MessageListOptions = {}) {
  vi.useFakeTimers();
  let receive: (message: AnyMessage) => void = () => {};
  const receipts: ((status: string) => void)[] = [];
  let sent = 0;
  let setUser: (user: object) => void = () => {};
  let user = { userId: "ada", name: "Ada" };
  const scope = {
    name: "general",
    on: (_type: string, listener: (message: AnyMessage, delivery: { room: string }) => void) => {
      receive = (message) => listener(message, { room: "general" });
      return () => {};
    },
    send: () => {
      const sending = new Promise((resolve) => receipts.push((status) => resolve({ status })));
      return Object.assign(sending, { id: `own${String(++sent)}` });
    },
  } as unknown as AnyScope;
  const follow = (listener: (user: object) => void) => {
    listener(user);
    setUser = listener;
    return () => {
      setUser = () => {};
    };
  };
  const client = {
    get user() {
      return user;
    },
    state: { status: "open" },
    stores: { state: { subscribe: () => () => {} }, user: { subscribe: follow } },
    onGap: () => () => {},
  } as unknown as AnyClient;
  const list = new MessageList({ client, scope, hook: "useMessages", name: "chat_message" }, options);
  const unmount = list.mount();
  return {
    list,
    unmount,
    copy: (id: string) => receive({ type: "chat_message", id }),
    become: (userId: string) => {
      user = { userId, name: userId };
      setUser(user);
    },
    receipt: async (status = "delivered") => {
      receipts.shift()?.(status);
      await vi.advanceTimersByTimeAsync(20);
    },
    ids: () => list.get().entries.map(({ id }) => id),
  };
}

it("has the order of the server also where the receipt of a message comes before the message and earlier ones", async () => {
  const { list, unmount, copy, receipt, ids } = createList();
  list.get().send({ content: "mine" });
  await receipt();
  expect(ids()).toEqual(["own1"]);
  copy("earlier");
  copy("own1");
  copy("later");
  await vi.advanceTimersByTimeAsync(20);
  expect(ids()).toEqual(["earlier", "own1", "later"]);
  unmount();
});

it("leaves a relayed message, whose copy never comes, where its receipt has put it", async () => {
  const { list, unmount, copy, receipt, ids } = createList();
  copy("before");
  list.get().send({ text: "mine" });
  await receipt();
  copy("after");
  await vi.advanceTimersByTimeAsync(20);
  expect(ids()).toEqual(["before", "own1", "after"]);
  unmount();
});

it("has the order of the server also where a message comes whose receipt was unknown", async () => {
  const { list, unmount, copy, receipt, ids } = createList();
  list.get().send({ content: "mine" });
  await receipt("unknown");
  copy("earlier");
  copy("own1");
  await vi.advanceTimersByTimeAsync(20);
  expect(ids()).toEqual(["earlier", "own1"]);
  unmount();
});

it("keeps an own message that is delivered while the history is loaded, and shows it once where the history has it", async () => {
  const loads: ((rows: { id: string }[]) => void)[] = [];
  const load = () => new Promise<{ id: string }[]>((resolve) => loads.push(resolve));
  const { list, unmount, receipt, ids } = createList({ load });
  const reply = async (...rows: string[]) => {
    loads.shift()?.(rows.map((id) => ({ id })));
    await vi.advanceTimersByTimeAsync(20);
  };
  list.get().send({ id: "of the contract", text: "mine" });
  await receipt();
  await reply("before");
  expect(ids()).toEqual(["before", "own1"]);
  list.get().reload();
  list.get().send({ text: "other" });
  await receipt();
  await reply("before", "of the contract");
  expect(ids()).toEqual(["before", "of the contract", "own2"]);
  list.get().reload();
  await reply("before", "of the contract");
  expect(ids()).toEqual(["before", "of the contract"]);
  unmount();
});

it("shows no list with a hole where its limit cuts messages while an older page is under way", async () => {
  const pages: ((rows: { id: string }[]) => void)[] = [];
  const load = () => new Promise<{ id: string }[]>((resolve) => pages.push(resolve));
  const { list, unmount, copy, ids } = createList({ load, limit: 2 });
  const reply = async (...rows: string[]) => {
    pages.shift()?.(rows.map((id) => ({ id })));
    await vi.advanceTimersByTimeAsync(20);
  };
  await reply("3", "4");
  list.get().older.load();
  copy("5");
  await reply("1", "2");
  expect(ids()).toEqual(["2", "3", "4", "5"]);
  copy("6");
  await vi.advanceTimersByTimeAsync(20);
  expect(ids()).toEqual(["3", "4", "5", "6"]);
  unmount();
});

it("asks for the newest page only, where no message is there from before that the page could connect to", async () => {
  const asked: (string | undefined)[] = [];
  let answer: (rows: { id: string }[]) => void = () => {};
  const load = ({ before }: { readonly before: string | undefined }) => {
    asked.push(before);
    return new Promise<{ id: string }[]>((resolve) => (answer = resolve));
  };
  const { list, unmount, copy, become, receipt, ids } = createList({ load });
  const reply = async (...rows: string[]) => {
    answer(rows.map((id) => ({ id })));
    await vi.advanceTimersByTimeAsync(20);
  };
  await reply("of ada");
  become("bea");
  list.get().reload();
  copy("3");
  await reply("2", "3");
  expect([asked, ids()]).toEqual([
    [undefined, undefined],
    ["2", "3"],
  ]);
  become("cy");
  list.get().send({ content: "mine" });
  await receipt("expired");
  list.get().reload();
  await reply("1", "2");
  expect([asked.slice(2), ids()]).toEqual([[undefined], ["1", "2", "own1"]]);
  unmount();
});

it("is mounted again, as by React's Activity, with what it has received, and without what is of another user", async () => {
  const { list, unmount, copy, become, ids } = createList();
  copy("1");
  copy("2");
  expect(ids()).toEqual(["1"]);
  unmount();
  expect(ids()).toEqual(["1", "2"]);
  list.mount()();
  expect(ids()).toEqual(["1", "2"]);
  become("bea");
  list.mount()();
  expect(ids()).toEqual([]);
});

it("keeps nothing of messages beyond its limit", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { unmount, copy } = createList({ limit: 10 });
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const receive = async (from: number) => {
    for (let index = from; index < from + 50_000; index++) {
      copy(`message-${String(index)}`);
      if (index % 1_000 === 0) await vi.advanceTimersByTimeAsync(20);
    }
    await vi.advanceTimersByTimeAsync(20);
  };
  await receive(0);
  const before = heap();
  await receive(50_000);
  expect(heap() - before).toBeLessThan(2 ** 20);
  unmount();
});
