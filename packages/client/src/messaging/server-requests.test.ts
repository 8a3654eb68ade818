import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

type Untyped = (name: string, handler: (input: unknown) => unknown) => () => void;
const asked = (id: string): object => ({ type: "request", name: "confirm", input: { n: 1 }, $: { id } });

async function create(handler: (input: unknown) => unknown) {
  const world = createWorld();
  const onRequest = world.client.onRequest.bind(world.client) as Untyped;
  const forget = onRequest("confirm", handler);
  return { world, onRequest, forget, socket: await world.open() };
}

describe("what the server asks", () => {
  it("is answered with what the handler returns, on the same connection", async () => {
    const { world, socket } = await create((input) => Promise.resolve({ got: input }));
    socket.receive(asked("n.1"));
    await world.tick();
    expect(socket.sent("reply")).toEqual([{ type: "reply", result: { got: { n: 1 } }, $: { re: "n.1" } }]);
  });

  it("without a handler is not_found, and again once it is given back", async () => {
    const { world, socket, onRequest, forget } = await create(() => 1);
    onRequest("confirm", () => 2);
    forget();
    socket.receive(asked("n.1"));
    await world.tick();
    expect(socket.sent("reply")).toMatchObject([{ result: 2 }]);
    socket.receive({ ...asked("n.2"), name: "constructor" });
    await world.tick();
    expect(socket.sent("error")).toMatchObject([{ code: "not_found", $: { re: "n.2" } }]);
  });

  it.each([
    ["a HalyardError", () => Promise.reject(new HalyardError("conflict", "Busy.")), "conflict", "Busy."],
    ["what JSON cannot carry", () => 1n, "invalid_message", "invalid message"],
    ["more than a frame holds", () => "x".repeat(70_000), "payload_too_large", "payload too large"],
  ])("is answered with an error where the handler has %s", async (_, handler, code, message) => {
    const { world, socket } = await create(handler);
    socket.receive(asked("n.1"));
    await world.tick();
    expect(socket.sent("error")).toMatchObject([{ code, message, retryable: false, $: { re: "n.1" } }]);
  });

  it("is not answered on another connection before its welcome", async () => {
    let answer: (value: number) => void = () => undefined;
    const { world, socket } = await create(() => new Promise<number>((resolve) => (answer = resolve)));
    socket.receive(asked("n.1"));
    world.client.reconnect();
    answer(1);
    await world.tick();
    expect(socket.sent("reply")).toEqual([]);
  });
});
