import { describe, expect, it } from "vitest";
import { createHarness } from "../../test/harness.ts";

describe("fields that are no message", () => {
  it.each([
    ["a BigInt", { big: 1n }, /^invalid message: .*BigInt/],
    ["a circle", circle(), /^invalid message: .*(circular|cyclic)/i],
    ["33 levels", { deep: levels(32) }, /^invalid message: more than 32 levels of JSON$/],
    ["a toJSON that throws", { toJSON: () => raise(new Error("no text")) }, /^invalid message: no text$/],
    ["a toJSON that throws null", { toJSON: () => raise(null) }, /^invalid message: undefined$/],
    ["a toJSON with a long text", { toJSON: () => raise(new Error("x".repeat(9_999))) }, /^.{210,220}$/],
  ])("with %s are rejected with the reason", async (_, fields, text) => {
    const harness = createHarness();
    await harness.open();
    const sending = harness.client.send("chat_message", { content: "", ...fields });
    const receipt = (await sending) as { error?: { code: string; message: string } };
    expect(receipt).toMatchObject({ status: "rejected", error: { code: "invalid_message" } });
    expect(receipt.error?.message).toMatch(text);
  });
});

describe("a list of 200,000 items", () => {
  it("is sent where the server takes a message of its size", async () => {
    const harness = createHarness();
    const limits = { messageBytes: 2 ** 20, bytesPerSecond: 2 ** 20, byteBurst: 2 ** 20 };
    const socket = await harness.open({ limits });
    void harness.client.send("poll_vote", { option: 1, others: Array<number>(200_000).fill(1) } as never);
    expect(socket.sent("poll_vote")).toHaveLength(1);
  });
});

function circle(): object {
  const fields: Record<string, unknown> = {};
  return Object.assign(fields, { self: fields });
}

function levels(count: number): object {
  return JSON.parse("[".repeat(count) + "]".repeat(count)) as object;
}

function raise(error: unknown): never {
  throw error;
}
