import { expect, it } from "vitest";
import { onEachRuntime } from "../support/test-app.ts";

onEachRuntime("a request", {}, (app) => {
  it("is answered with its own reply, from plain clients too", async () => {
    for (const client of [await app.plain(), await app.v1()]) {
      client.send({ type: "request", name: "echo", input: { value: "a" }, $: { id: "r1" } });
      client.send({ type: "request", name: "echo", input: { value: "b" }, $: { id: "r2" } });
      expect(await client.seen({ $: { re: "r2" } })).toEqual({
        type: "reply",
        result: { value: "b" },
        $: { re: "r2" },
      });
      expect(await client.seen({ $: { re: "r1" } })).toEqual({
        type: "reply",
        result: { value: "a" },
        $: { re: "r1" },
      });
    }
  });

  it.each([undefined, null, {}, { value: 5 }, [], "a"])(
    "with input that does not fit is invalid_message: %j",
    async (input) => {
      const client = await app.v1();
      const error = await client.request("echo", input);
      expect(error).toMatchObject({ type: "error", code: "invalid_message", retryable: false });
      expect(error["issues"]).toHaveLength(1);
    },
  );

  it("that nobody knows is not_found", async () => {
    const client = await app.v1();
    for (const name of ["nonsense", "__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(await client.request(name, {}), name).toMatchObject({ type: "error", code: "not_found" });
    }
  });

  it("without input and result has neither", async () => {
    const client = await app.v1();
    const reply = await client.request("silent");
    expect(reply).toMatchObject({ type: "reply" });
    expect(reply).not.toHaveProperty("result");
  });

  it("gets only what its output schema lets through", async () => {
    const ada = app.user("ada");
    const client = await app.v1(ada);
    const reply = await client.request("profile", {});
    expect(reply["result"]).toEqual({ name: `A${ada.slice(1)}` });
  });

  it("whose handler breaks its output schema is internal, without a word of it", async () => {
    const client = await app.v1();
    const error = await client.request("misfit", {});
    expect(error).toMatchObject({ type: "error", code: "internal", retryable: false });
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect(error).not.toHaveProperty("issues");
  });

  it("does not wait for other requests, nor for sends", async () => {
    const client = await app.v1();
    client.post("wait", { ms: 60_000, tag: "never" });
    client.send({ type: "request", name: "wait", input: { ms: 60_000, tag: "never" }, $: { id: "slow" } });
    expect(await client.request("echo", { value: "quick" })).toMatchObject({ type: "reply" });
    expect(client.all({ $: { re: "slow" } })).toEqual([]);
  });

  it("with an id that is pending is conflict, and the first one is still answered", async () => {
    const client = await app.v1();
    const ask = (tag: string) => {
      client.send({ type: "request", name: "wait", input: { ms: 100, tag }, $: { id: "same" } });
    };
    ask("first");
    ask("second");
    expect(await client.next({ $: { re: "same" } })).toMatchObject({ type: "error", code: "conflict" });
    expect(await client.next({ $: { re: "same" } })).toMatchObject({ type: "reply", result: "first" });
  });

  it("runs beside 15 others while 64 wait; one more is limit_exceeded", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    for (let n = 0; n < 81; n++) {
      client.send({
        type: "request",
        name: "wait",
        input: { ms: 300, tag: String(n) },
        $: { id: `w${String(n)}` },
      });
    }
    expect(await client.next("error")).toMatchObject({ code: "limit_exceeded", $: { re: "w80" } });
    expect(await app.journal("request", ada)).toHaveLength(16);
    expect(await client.seen({ $: { re: "w79" } })).toMatchObject({ type: "reply", result: "79" });
  });

  it("that is answered after its connection was lost is answered from the stored reply, and has run once", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const question = { type: "request", name: "wait", input: { ms: 200, tag: "once" }, $: { id: "kept" } };
    client.send(question);
    await client.sync();
    await client.cut();
    const again = await app.v1(ada, client.page);
    again.send(question);
    expect(await again.seen({ $: { re: "kept" } })).toMatchObject({ type: "reply", result: "once" });
    again.send({ ...question, $: { id: "other" } });
    await again.seen({ $: { re: "other" } });
    expect((await app.journal("request", ada)).map(({ tag }) => tag)).toEqual(["once", "once"]);
  });
});

onEachRuntime("a handler", { limits: { handlerMs: 250 } }, (app) => {
  it.each(["throws", "rejects", "thenable"])(
    "that %s is internal to its sender, without its text",
    async (how) => {
      const client = await app.v1();
      const answers = [await client.deliver("fail", { how }), await client.request("fail", { how })];
      for (const answer of answers) {
        expect(answer).toMatchObject({ type: "error", code: "internal", retryable: false });
        expect(JSON.stringify(answer)).not.toMatch(/hunter2|app\/db|Error/);
      }
    },
  );

  it("that throws a HalyardError answers with its code and message", async () => {
    const client = await app.v1();
    for (const answer of [
      await client.deliver("fail", { how: "refuses" }),
      await client.request("fail", { how: "refuses" }),
    ]) {
      expect(answer).toMatchObject({ type: "error", code: "conflict", message: "This name is taken." });
    }
  });

  it("that hangs is timeout, and may be tried again", async () => {
    const client = await app.v1();
    const answers = [
      await client.deliver("fail", { how: "hangs" }),
      await client.request("fail", { how: "hangs" }),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ type: "error", code: "timeout", retryable: true });
  });

  it("that hangs does not stop what its connection sends next for ever", async () => {
    const client = await app.v1();
    client.post("fail", { how: "hangs" });
    expect(await client.deliver("note", { text: "after all" })).toMatchObject({ type: "reply" });
  });

  it.each(["throws", "rejects", "hangs", "thenable"])("that %s harms nobody else", async (how) => {
    const [bad, good, listener] = [await app.v1(), await app.v1(), await app.plain()];
    for (let n = 0; n < 20; n++) {
      bad.post("fail", { how });
      good.post("chat_message", { content: String(n) });
    }
    await listener.seen({ type: "chat_message", content: "19" });
    expect(listener.all("chat_message").map(({ content }) => content)).toEqual(
      Array.from({ length: 20 }, (_, n) => String(n)),
    );
    expect(await good.answer(20)).toMatchObject({ type: "reply" });
  });

  it("that fails for a plain client is an error without re, and onError hears of it", async () => {
    const client = await app.plain();
    client.send({ type: "fail", how: "throws" });
    const error = await client.next("error");
    expect(error).toMatchObject({ code: "internal" });
    expect(error.$ ?? {}).not.toHaveProperty("re");
    expect(await app.journal("error")).toContainEqual({
      what: "error",
      type: "fail",
      message: expect.stringContaining("hunter2") as string,
    });
  });
});

onEachRuntime("a socket that throws", {}, (app) => {
  it("harms nobody else", async () => {
    const room = app.room();
    const [ada, bob] = [await app.plain(), await app.v1()];
    await bob.join(room);
    const thrower = app.user("broken");
    await app.command("openBrokenSocket", { userId: thrower });
    await app.command("openBrokenSocket", { userId: thrower });
    await app.command("tell", { count: 5 });
    ada.send("hello");
    for (const client of [ada, bob]) {
      await client.seen({ type: "told", text: "5" });
      await client.seen({ type: "chat_message", content: "hello" });
      expect(client.all("told").map(({ text }) => text)).toEqual(["1", "2", "3", "4", "5"]);
    }
    await app.command("closeBrokenSockets");
    expect(await app.command("user", { userId: thrower })).toEqual({ user: null, connections: 0 });
  });
});
