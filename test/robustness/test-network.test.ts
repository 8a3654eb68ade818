// The network of @halyard/testing, as the tests of an application meet it.
import { createWebSocketSystem } from "@halyard/server";
import { createTestClock, createTestNetwork } from "@halyard/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  for (const level of ["info", "warn", "error"] as const)
    vi.spyOn(console, level).mockImplementation((...values: unknown[]) => void lines.push(values.join(" ")));
});
afterEach(() => vi.restoreAllMocks());

it("settle announces changes of presence, and no time passes [s-M10]", async () => {
  const clock = createTestClock();
  const network = createTestNetwork(createWebSocketSystem({ clock, authorize: () => true }), { clock });
  const before = clock.now();
  const ada = await network.connect({ id: "ada" });
  const room = ada.join("lobby");
  await network.settle();
  for (const id of ["bea", "cyd", "dan"]) (await network.connect({ id })).join("lobby");
  await network.settle();
  for (const { users } of [ada, room])
    expect(users.map(({ userId }) => userId).sort()).toEqual(["ada", "bea", "cyd", "dan"]);
  expect(clock.now()).toBe(before);
  await network.close();
});

it("connect goes around authenticate [s-M10]", async () => {
  const clock = createTestClock();
  const authenticate = vi.fn(() => null);
  const network = createTestNetwork(createWebSocketSystem({ authenticate, clock }), { clock });
  const ada = await network.connect({ id: "ada" });
  expect([ada.state.status, authenticate.mock.calls]).toEqual(["open", []]);
  await network.close();
});

it.each([
  [undefined, 0],
  [console, 1],
])("prints nothing unless a logger is passed: %# [s-M1]", async (logger, expected) => {
  const clock = createTestClock();
  const system = createWebSocketSystem({ clock, logger });
  system.handlers.on("chat_message", () => {
    throw new Error("no such room");
  });
  const network = createTestNetwork(system, { clock });
  const ada = await network.connect({ id: "ada" });
  expect(await ada.send("chat_message", { content: "hello" })).toMatchObject({ error: { code: "internal" } });
  expect(lines.filter((line) => line.includes("the application's code failed"))).toHaveLength(expected);
  await network.close();
});

it("beforePublish of the chat looks on, and the chat goes on, as the README of Better Auth's package says [s-M7]", async () => {
  const clock = createTestClock();
  const seen: string[] = [];
  const chat = {
    beforePublish: ({ content }: { content: string }, { user }: { user: { id: string } }) =>
      seen.push(`${user.id}: ${content}`),
  };
  const network = createTestNetwork(createWebSocketSystem({ clock, chat }), { clock });
  const [ada, bea] = [await network.connect({ id: "ada" }), await network.connect({ id: "bea" })];
  void ada.send("chat_message", { content: "hello" });
  expect(await bea.next("chat_message")).toMatchObject({ content: "hello", from: { userId: "ada" } });
  expect(seen).toEqual(["ada: hello"]);
  await network.close();
});
