import { messageIdOf } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chat } from "../../test/chat-sends.ts";
import { BOB, createHarness, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const refusal = (re: number | string, code: string, more: object = {}) => ({
  ...{ type: "error", code, message: "", retryable: false, ...more },
  $: { re },
});

describe("an error that is no refusal", () => {
  it("settles a message and a request as unknown that may have run on a server that was lost [I4]", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const sending = chat(harness, "a");
    const request = harness.client.request("count").catch((error: unknown) => error);
    first.drop();
    const second = await harness.open();
    const mayHaveRun = { mayHaveRun: true };
    second.receive(refusal(1, "forbidden", mayHaveRun), refusal("r1", "forbidden", mayHaveRun));
    expect(await sending).toEqual({ status: "unknown", id: sending.id });
    expect(await request).toMatchObject({ code: "unavailable" });
    chat(harness, "b");
    expect(second.sent("chat_message").at(-1)).toMatchObject({ content: "b", $: { seq: 2 } });
  });

  it("settles a message as unknown that a full queue refuses when it is written again, and rejects a new one [I4]", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const again = chat(harness, "a");
    first.drop();
    const second = await harness.open();
    const fresh = chat(harness, "b");
    second.receive(refusal(1, "limit_exceeded"), refusal(2, "limit_exceeded"));
    expect(await again).toMatchObject({ status: "unknown" });
    expect(await fresh).toMatchObject({ status: "rejected", error: { code: "limit_exceeded" } });
  });

  it("rejects a message that is refused when it is written again and did not run before", async () => {
    const harness = createHarness();
    (await harness.open()).drop();
    const sending = chat(harness, "a");
    const second = await harness.open();
    second.drop();
    const third = await harness.open();
    third.receive(refusal(1, "forbidden"));
    expect(await sending).toMatchObject({ status: "rejected", error: { code: "forbidden" } });
  });
});

describe("close()", () => {
  it("rejects messages that were never written, and settles written ones as unknown", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const written = chat(harness, "a");
    socket.drop();
    const queued = chat(harness, "b");
    harness.client.close();
    expect(await written).toEqual({ status: "unknown", id: written.id });
    expect(await queued).toMatchObject({
      status: "rejected",
      error: { code: "unavailable", retryable: true },
    });
    expect(await chat(harness, "c")).toMatchObject({ status: "rejected", error: { code: "unavailable" } });
    harness.client.connect();
    const next = await harness.open();
    chat(harness, "d");
    expect(next.sent().slice(1)).toMatchObject([
      { type: "skip", $: { seq: 1 } },
      { type: "skip", $: { seq: 2 } },
      { type: "chat_message", $: { seq: 3 } },
    ]);
  });

  it("rejects messages after a final close code of the server", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    chat(harness, "a");
    socket.drop(4409);
    expect(await chat(harness, "b")).toMatchObject({ status: "rejected", error: { code: "unavailable" } });
  });

  it("keeps the messages that wait while the user signs in again", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    socket.drop(4401);
    const waiting = chat(harness, "a");
    harness.client.authenticate();
    const next = await harness.open();
    next.receive(reply(next.sent("chat_message")[0]));
    expect((await waiting).status).toBe("delivered");
  });

  it.each(["authenticate", "close and connect"])(
    "delivers what is sent after %s to the next user, the same or another one, under the ids that it has",
    async (start) => {
      const harness = createHarness();
      const { client } = harness;
      const socket = await harness.open();
      if (start === "authenticate") socket.drop(4401);
      else client.close();
      const early = start === "authenticate" && chat(harness, "of the first user");
      if (start === "authenticate") client.authenticate();
      else client.connect();
      const sending = client.send("chat_message", { content: "of the next user" });
      const request = client.request("count");
      await harness.open({ user: BOB });
      const last = await harness.open({ user: BOB });
      expect(last.sent("hello")[0]?.["positions"]).toEqual([]);
      expect(last.sent("chat_message").map(({ content }) => content)).toEqual(["of the next user"]);
      const [hello] = last.sent("hello");
      const [sent] = last.sent("chat_message");
      expect(messageIdOf(String(hello?.["clientId"]), Number(sent?.$?.seq))).toBe(sending.id);
      last.receive(reply(sent, { id: sending.id, ch: "all", off: 1 }));
      last.receive(reply(last.sent("request")[0], 3));
      expect([(await sending).status, await request]).toEqual(["delivered", 3]);
      if (early)
        expect(await early).toMatchObject({ status: "rejected", error: { code: "unauthenticated" } });
      expect(client.user?.userId).toBe("bob");
    },
  );

  it.each(["open", "waiting", "connecting"])(
    "delivers what is sent after authenticate in the state %s to the user who signs in",
    async (status) => {
      const harness = createHarness();
      const socket = await harness.open();
      if (status !== "open") socket.drop();
      if (status === "connecting") await harness.tick(600);
      expect(harness.client.state.status).toBe(status);
      const before = status === "open" ? undefined : chat(harness, "of the first user");
      harness.client.authenticate();
      const after = chat(harness, "of the next user");
      await harness.open({ user: BOB });
      const last = await harness.open({ user: BOB });
      expect(last.sent("chat_message").map(({ content }) => content)).toEqual(["of the next user"]);
      last.receive(reply(last.sent("chat_message")[0], { id: after.id, ch: "all", off: 1 }));
      expect(await after).toMatchObject({ status: "delivered" });
      if (before)
        expect(await before).toMatchObject({ status: "rejected", error: { code: "unauthenticated" } });
    },
  );

  it("never sends the messages of one user as another user", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const [clientId] = socket.sent("hello").map((hello) => hello["clientId"]);
    socket.drop(4401);
    const waiting = chat(harness, "mine");
    const request = harness.client.request("count").catch((error: unknown) => error);
    harness.client.authenticate();
    const next = await harness.open({ user: { userId: "eve", name: "Eve", connectedAt: "" } });
    expect(next.closed?.code).toBe(3001);
    expect(await waiting).toMatchObject({ status: "rejected", error: { code: "unauthenticated" } });
    expect(await request).toMatchObject({ code: "unauthenticated" });
    const last = await harness.open({ user: { userId: "eve", name: "Eve", connectedAt: "" } });
    expect(last.sent("hello")[0]?.["clientId"]).not.toBe(clientId);
    expect(last.sent("hello")[0]?.["positions"]).toEqual([]);
    chat(harness, "hers");
    expect(last.sent("chat_message")).toMatchObject([{ content: "hers", $: { seq: 1 } }]);
    expect(harness.client.user?.userId).toBe("eve");
  });
});
