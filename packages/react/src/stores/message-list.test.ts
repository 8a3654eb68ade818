import { afterEach, expect, it, vi } from "vitest";
import type { AnyClient, AnyMessage, AnyScope } from "../common/client-view.ts";
import { MessageList } from "./message-list.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A list whose messages and receipts come in the order in which the test lets them come. */
function createList() {
  vi.useFakeTimers();
  let receive: (message: AnyMessage) => void = () => {};
  const receipts: (() => void)[] = [];
  const scope = {
    name: "general",
    on: (_type: string, listener: (message: AnyMessage, delivery: { room: string }) => void) => {
      receive = (message) => listener(message, { room: "general" });
      return () => {};
    },
    send: () => {
      const sending = new Promise((resolve) => receipts.push(() => resolve({ status: "delivered" })));
      return Object.assign(sending, { id: `own${String(receipts.length)}` });
    },
  } as unknown as AnyScope;
  const client = {
    user: { userId: "ada", name: "Ada" },
    stores: { state: { subscribe: () => () => {} }, user: { subscribe: () => () => {} } },
    onGap: () => () => {},
  } as unknown as AnyClient;
  const list = new MessageList({ client, scope, hook: "useMessages", name: "chat_message" }, {});
  const unmount = list.mount();
  return {
    list,
    unmount,
    copy: (id: string) => receive({ type: "chat_message", id }),
    receipt: async () => {
      receipts.shift()?.();
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
