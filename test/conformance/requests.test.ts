import { expect, it } from "vitest";
import { onEachBackplane, onEachBackplaneIfLong } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachBackplane("requests from a client", {}, (app) => {
  it("each request of a plain or halyard.v1 client gets its own reply", async () => {
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
    "a request with the input %j gets invalid_message",
    async (input) => {
      const client = await app.v1();
      const error = await client.request("echo", input);
      expect(error).toMatchObject({ type: "error", code: "invalid_message", retryable: false });
      expect(error["issues"]).toHaveLength(1);
    },
  );

  it("a request with an unknown name gets not_found", async () => {
    const client = await app.v1();
    for (const name of ["nonsense", "__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(await client.request(name, {}), name).toMatchObject({ type: "error", code: "not_found" });
    }
  });

  it("a request without input and output gets a reply without a result", async () => {
    const client = await app.v1();
    const reply = await client.request("silent");
    expect(reply).toMatchObject({ type: "reply" });
    expect(reply).not.toHaveProperty("result");
  });

  it("a reply contains only the fields of its output schema", async () => {
    const ada = app.user("ada");
    const client = await app.v1(ada);
    const reply = await client.request("profile", {});
    expect(reply["result"]).toEqual({ name: `A${ada.slice(1)}` });
  });

  it("a result that fails its output schema becomes internal without details", async () => {
    const client = await app.v1();
    const error = await client.request("misfit", {});
    expect(error).toMatchObject({ type: "error", code: "internal", retryable: false });
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect(error).not.toHaveProperty("issues");
  });

  it("a request does not wait for other requests or for sends", async () => {
    const client = await app.v1();
    client.post("wait", { ms: 60_000, tag: "never" });
    client.send({ type: "request", name: "wait", input: { ms: 60_000, tag: "never" }, $: { id: "slow" } });
    expect(await client.request("echo", { value: "quick" })).toMatchObject({ type: "reply" });
    expect(client.all({ $: { re: "slow" } })).toEqual([]);
  });

  it("a request with a pending id gets conflict, and the first request still gets its reply", async () => {
    const client = await app.v1();
    const send = (tag: string) => {
      client.send({ type: "request", name: "wait", input: { ms: 100, tag }, $: { id: "same" } });
    };
    send("first");
    send("second");
    expect(await client.next({ $: { re: "same" } })).toMatchObject({ type: "error", code: "conflict" });
    expect(await client.next({ $: { re: "same" } })).toMatchObject({ type: "reply", result: "first" });
  });

  it("16 requests run and 64 wait at once, and the next one gets limit_exceeded", async () => {
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
    // A backplane is asked about each of them before it runs.
    await until("sixteen to run", async () => (await app.journal("request", ada)).length >= 16);
    expect(await app.journal("request", ada)).toHaveLength(16);
    expect(await client.seen({ $: { re: "w79" } })).toMatchObject({ type: "reply", result: "79" });
  });

  it("a request repeated after a lost connection gets the stored reply and does not run again", async () => {
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

onEachBackplaneIfLong("handlers that fail", { limits: { handlerMs: 250 } }, (app) => {
  it.each(["throws", "rejects", "thenable"])(
    "a failing handler (%s) gives its sender internal without the error text",
    async (how) => {
      const client = await app.v1();
      const answers = [await client.deliver("fail", { how }), await client.request("fail", { how })];
      for (const answer of answers) {
        expect(answer).toMatchObject({ type: "error", code: "internal", retryable: false });
        expect(JSON.stringify(answer)).not.toMatch(/hunter2|app\/db|Error/);
      }
    },
  );

  it("a handler that throws a HalyardError answers with its code and message", async () => {
    const client = await app.v1();
    for (const answer of [
      await client.deliver("fail", { how: "refuses" }),
      await client.request("fail", { how: "refuses" }),
    ]) {
      expect(answer).toMatchObject({ type: "error", code: "conflict", message: "This name is taken." });
    }
  });

  it("a handler that hangs gives its sender a retryable timeout", async () => {
    const client = await app.v1();
    const answers = [
      await client.deliver("fail", { how: "hangs" }),
      await client.request("fail", { how: "hangs" }),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ type: "error", code: "timeout", retryable: true });
  });

  it("a handler that hangs does not block later sends of its connection", async () => {
    const client = await app.v1();
    client.post("fail", { how: "hangs" });
    expect(await client.deliver("note", { text: "after all" })).toMatchObject({ type: "reply" });
  });

  it.each(["throws", "rejects", "hangs", "thenable"])(
    "a failing handler (%s) does not affect other clients",
    async (how) => {
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
    },
  );

  it("a failing handler of a plain client gives an error without re and calls onError", async () => {
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

onEachBackplaneIfLong("sockets that throw", {}, (app) => {
  it("a socket that throws does not affect other connections", async () => {
    const room = app.room();
    const [ada, bob] = [await app.plain(), await app.v1()];
    await bob.join(room);
    const thrower = app.user("broken");
    await app.command("openBrokenSocket", { userId: thrower });
    await app.command("openBrokenSocket", { userId: thrower });
    await app.command("publish", { count: 5 });
    ada.send("hello");
    for (const client of [ada, bob]) {
      await client.seen({ type: "notice", text: "5" });
      await client.seen({ type: "chat_message", content: "hello" });
      expect(client.all("notice").map(({ text }) => text)).toEqual(["1", "2", "3", "4", "5"]);
    }
    await app.command("closeBrokenSockets");
    expect(await app.command("user", { userId: thrower })).toEqual({ user: null, connections: 0 });
  });
});
