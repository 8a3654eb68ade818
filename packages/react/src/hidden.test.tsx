import { act } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";
import type { AnyClient } from "./common/client-view.ts";
import { MessageList } from "./stores/message-list.ts";
import type { MessageListOptions } from "./stores/message-list.ts";

const { useRequest } = hooks;
type Scene = ReturnType<typeof createScene>;
type Client = Awaited<ReturnType<Scene["connect"]>>;

afterEach(() => {
  vi.useRealTimers();
});

/** A list as a component holds it that `<Activity>` hides and shows: its effects end and begin again, and the list stays. */
function createList(client: Client, options: MessageListOptions = {}): MessageList {
  const parts = { hook: "useMessages", name: "chat_message" } as const;
  return new MessageList(
    { ...parts, client: client as unknown as AnyClient, scope: client as unknown as AnyClient },
    options,
  );
}

async function signInAs(next: string, { system, pass }: Scene, client: Client): Promise<void> {
  const { user } = client;
  for (const { data } of system.manager.wsInstances.get(String(user?.userId)) ?? [])
    Object.assign(data, { userId: next });
  client.cut();
  await pass(500);
  expect(client.user?.userId).toBe(next);
}

it("a list that is hidden while another user signs in shows nothing of the earlier one when it is shown again", async () => {
  const scene = createScene();
  const client = await scene.connect("ada");
  const list = createList(client);
  const hide = list.mount();
  list.get().send({ content: "of ada" });
  await scene.settle();
  expect(list.get().entries).toHaveLength(1);
  hide();
  await signInAs("bea", scene, client);
  const hideAgain = list.mount();
  expect(list.get().entries).toEqual([]);
  list.get().send({ content: "of bea" });
  await scene.settle();
  hideAgain();
  list.mount()();
  expect(list.get().entries.map(({ message }) => message)).toMatchObject([{ content: "of bea" }]);
});

it("a list whose load has failed loads once when it is shown again, and once more with the next connection if that fails", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { connect, settle, pass } = createScene();
  const client = await connect("ada");
  let loads = 0;
  const load = () => {
    loads++;
    return Promise.reject(new Error("no database"));
  };
  const list = createList(client, { load });
  list.mount()();
  await settle();
  const hide = list.mount();
  await settle();
  expect([loads, list.get().status]).toEqual([2, "error"]);
  hide();
  list.mount();
  expect(loads).toBe(3);
  await settle();
  client.cut();
  await pass(500);
  expect(loads).toBe(4);
});

it("a request that is not enabled any more shows its reply to nobody but the user who asked", async () => {
  const scene = createScene();
  const { connect, settle, answers, asked } = scene;
  const client = await connect("ada");
  const asking = watch(() => useRequest("slow"));
  let enabled = false;
  const reading = watch(() => useRequest("slow", undefined, { enabled }));
  const page = createPage(client);
  await page.show([<asking.Watcher key="1" />, <reading.Watcher key="2" />]);
  await settle();
  answers[0]?.("for ada");
  await settle();
  await page.show([<reading.Watcher key="2" />]);
  expect(reading.now.data).toBe("for ada");
  await signInAs("bea", scene, client);
  expect(reading.now).toMatchObject({ status: "pending", data: undefined });
  expect(asked).toEqual(["slow"]);
  enabled = true;
  await page.show([<reading.Watcher key="2" />]);
  await settle();
  await act(async () => answers[1]?.("for bea"));
  await settle();
  expect(reading.now.data).toBe("for bea");
  expect(asked).toEqual(["slow", "slow"]);
  await page.unmount();
});
