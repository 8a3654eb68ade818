import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

type Untyped = (name: string, handler: (input: unknown) => unknown) => () => void;
const confirmRequest = (id: string): object => ({
  type: "request",
  name: "confirm",
  input: { n: 1 },
  $: { id },
});

async function create(handler: (input: unknown) => unknown) {
  const harness = createHarness();
  const onRequest = harness.client.onRequest as unknown as Untyped;
  const unregister = onRequest("confirm", handler);
  return { harness, onRequest, unregister, socket: await harness.open() };
}

describe("a request of the server", () => {
  it("is replied to with what the handler returns", async () => {
    const { harness, socket } = await create((input) => Promise.resolve({ got: input }));
    socket.receive(confirmRequest("n.1"));
    await harness.tick();
    expect(socket.sent("reply")).toEqual([{ type: "reply", result: { got: { n: 1 } }, $: { re: "n.1" } }]);
  });

  it("is rejected with not_found without a handler, and goes to the latest of two handlers", async () => {
    const { harness, socket, onRequest, unregister } = await create(() => 1);
    onRequest("confirm", () => 2);
    unregister();
    socket.receive(confirmRequest("n.1"));
    await harness.tick();
    expect(socket.sent("reply")).toMatchObject([{ result: 2 }]);
    socket.receive({ ...confirmRequest("n.2"), name: "constructor" });
    await harness.tick();
    expect(socket.sent("error")).toMatchObject([{ code: "not_found", $: { re: "n.2" } }]);
  });

  it.each([
    ["a HalyardError", () => Promise.reject(new HalyardError("conflict", "Busy.")), "conflict", "Busy."],
    [
      "a value that JSON cannot encode",
      () => 1n,
      "invalid_message",
      "invalid message: Do not know how to serialize a BigInt",
    ],
    [
      "a result that is larger than a frame may be",
      () => "x".repeat(70_000),
      "payload_too_large",
      "payload too large",
    ],
  ])("is rejected when the handler gives %s", async (_, handler, code, message) => {
    const { harness, socket } = await create(handler);
    socket.receive(confirmRequest("n.1"));
    await harness.tick();
    expect(socket.sent("error")).toMatchObject([{ code, message, retryable: false, $: { re: "n.1" } }]);
  });

  it("is not replied to on another connection before its welcome", async () => {
    let answer: (value: number) => void = () => undefined;
    const { harness, socket } = await create(() => new Promise<number>((resolve) => (answer = resolve)));
    socket.receive(confirmRequest("n.1"));
    harness.client.reconnect();
    answer(1);
    await harness.tick();
    expect(socket.sent("reply")).toEqual([]);
  });
});
