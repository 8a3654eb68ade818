import { act } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";

const { useMessages, useMyPresence, usePresence, useRequest } = hooks;

afterEach(() => {
  vi.useRealTimers();
});

it("a page on which another user signs in shows nothing of the earlier one, and asks again", async () => {
  const { system, connect, settle, pass, asked, answers } = createScene();
  const client = await connect("ada");
  const slow = watch(() => useRequest("slow"));
  const chat = watch(() => useMessages("chat_message", { room: "general" }));
  const page = createPage(client);
  await page.show([<slow.Watcher key="1" />, <chat.Watcher key="2" />]);
  await settle();
  answers[0]?.("for ada");
  chat.now.send({ content: "of ada" });
  await settle();
  const isShown = () => [slow.now.data, chat.now.entries.length];
  expect(isShown()).toEqual(["for ada", 1]);

  client.cut();
  await pass(500);
  expect(asked).toEqual(["slow"]);
  expect(isShown()).toEqual(["for ada", 1]);

  // The network gives each connection of a client the same data.
  for (const { data } of system.manager.wsInstances.get("ada") ?? []) Object.assign(data, { userId: "bea" });
  client.cut();
  await pass(500);
  expect(client.user?.userId).toBe("bea");
  expect(asked).toEqual(["slow", "slow"]);
  expect(isShown()).toEqual([undefined, 0]);
  await page.unmount();
});

it("a page shows nothing of the earlier user from the moment that the client knows another one, before it is connected again", async () => {
  const { system, connect, settle, pass, rows, answers } = createScene();
  rows.push({ id: "1", content: "to ada" });
  const client = await connect("ada");
  const slow = watch(() => useRequest("slow"));
  const chat = watch(() => {
    const { request } = hooks.useRoom("general");
    return useMessages("chat_message", { room: "general", load: () => request("history") });
  });
  const page = createPage(client);
  await page.show([<slow.Watcher key="1" />, <chat.Watcher key="2" />]);
  await settle();
  answers[0]?.("for ada");
  await settle();
  const isShown = () => [slow.now.data, slow.now.status, chat.now.entries.length, chat.now.status];
  expect(isShown()).toEqual(["for ada", "success", 1, "success"]);

  // The client is at the point between the connection that names the user, and the user's own.
  client.stores.user.subscribe((user) => {
    if (user?.userId === "bea") client.close();
  });
  for (const { data } of system.manager.wsInstances.get("ada") ?? []) Object.assign(data, { userId: "bea" });
  client.cut();
  await pass(500);
  expect([client.user?.userId, client.state.status]).toEqual(["bea", "closed"]);
  expect(isShown()).toEqual([undefined, "pending", 0, "pending"]);
  await page.unmount();
});

it("a page on which another user signs in shows the others the initial state, and nothing of the earlier user", async () => {
  const { system, connect, settle, pass } = createScene();
  const [client, bob] = [await connect("ada"), await connect("bob")];
  const mine = watch(() => useMyPresence("canvas", { status: "here", cursor: null }));
  const others = watch(() => usePresence("canvas", { others: true }));
  const page = createPage(client);
  await page.show(<mine.Watcher />);
  await createPage(bob).show(<others.Watcher />);
  await settle();
  await act(async () => mine.now[1]({ status: "away", cursor: { x: 7 } }));
  await pass(200);
  const shown = () => others.now.map(({ userId, presence }) => [userId, presence]);
  expect(shown()).toEqual([["ada", { status: "away", cursor: { x: 7 } }]]);

  for (const { data } of system.manager.wsInstances.get("ada") ?? []) Object.assign(data, { userId: "bea" });
  client.cut();
  await pass(10_000);
  expect(client.user?.userId).toBe("bea");
  expect(mine.now[0]).toEqual({ status: "here", cursor: null });
  expect(shown()).toEqual([["bea", { status: "here", cursor: null }]]);
  await page.unmount();
});

it("shows what was sent after authenticate(), which is of the next user, and nothing that was sent before", async () => {
  const { system, connect, settle, pass } = createScene();
  const client = await connect("ada");
  const cards = watch(() => useMessages("card", { room: "general" }));
  const page = createPage(client);
  await page.show(<cards.Watcher />);
  await settle();
  for (const { data } of system.manager.wsInstances.get("ada") ?? []) Object.assign(data, { userId: "bea" });
  await act(async () => {
    cards.now.send({ text: "of ada" });
    client.authenticate();
    cards.now.send({ text: "of bea" });
  });
  await pass(500);
  expect(client.user?.userId).toBe("bea");
  expect(cards.now.entries).toMatchObject([{ status: "delivered", message: { text: "of bea" } }]);
  await page.unmount();
});
