import { expect, it } from "vitest";
import { onEachRuntime } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachRuntime("middleware", { usesMiddleware: true }, (app) => {
  const layers = async (userId: string) =>
    (await app.journal("begin", userId)).concat(await app.journal("end", userId));

  it("runs around messages, requests, built-in handlers and relays, and not around what it does not name [s-P2]", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const client = await app.v1(ada);
    await client.join(room);
    await client.deliver("layered", { how: "a" });
    await client.deliver("chat_message", { content: "hello" });
    await client.deliver("poked", { text: "hello" });
    client.send({ type: "cursor_moved", x: 1, y: 1, $: { ch: `room:${room}` } });
    expect(await client.request("layered", { how: "a" })).toMatchObject({ result: "done: a" });
    await client.request("users", {});
    await client.sendAndWait({ type: "ping" });
    await until("the cursor", async () => (await app.journal("end", ada)).length === 5);
    const begun = (await app.journal("begin", ada)).map(
      ({ kind, type }) => `${String(kind)} ${String(type)}`,
    );
    expect(begun.sort()).toEqual([
      "message chat_message",
      "message cursor_moved",
      "message layered",
      "message poked",
      "request layered",
    ]);
    expect(await app.journal("end", ada)).toContainEqual({
      what: "end",
      userId: ada,
      kind: "request",
      type: "layered",
      result: "done: a",
    });
  });

  const ways = [
    ["forbid", { code: "forbidden", message: "Not today." }, 0, undefined],
    ["break", { code: "internal" }, 0, "Error: password=hunter2 at /srv/app/db.ts:7"],
    ["break afterwards", { code: "internal" }, 1, "Error: password=hunter2 at /srv/app/db.ts:7"],
    ["forget next", { code: "internal" }, 0, "TypeError: middleware returned without next()"],
    ["twice", { code: "internal" }, 1, "TypeError: middleware called next() twice"],
    ["do not await", { type: "reply" }, 1, undefined],
  ] as const;

  it.each(ways)(
    "that does this: %s, gives its sender the right answer [s-P2]",
    async (how, answer, runs, error) => {
      const ada = app.user("ada");
      const client = await app.v1(ada);
      const before = (await app.journal("error")).length;
      const [sent, asked] = [
        await client.deliver("layered", { how }),
        await client.request("layered", { how }),
      ];
      expect([sent, asked]).toMatchObject([answer, answer]);
      expect(JSON.stringify([sent, asked])).not.toContain("hunter2");
      expect(await app.journal("layered", ada)).toHaveLength(2 * runs);
      const errors = (await app.journal("error")).slice(before).map(({ message }) => String(message));
      expect(errors).toHaveLength(error === undefined ? 0 : 2);
      for (const text of errors) expect(text).toContain(error);
      expect(await layers(ada)).toHaveLength(4);
    },
  );

  it("that catches the error of the handler does not hide it from the sender [s-P2]", async () => {
    const client = await app.v1();
    expect(await client.deliver("layered", { how: "the handler refuses" })).toMatchObject({
      code: "conflict",
      message: "The handler refuses.",
    });
    expect(await client.deliver("layered", { how: "swallow" })).toMatchObject({ type: "reply" });
  });

  it("that calls next() after it has returned runs no handler [s-P2]", async () => {
    const ada = app.user("ada");
    const client = await app.v1(ada);
    expect(await client.deliver("layered", { how: "too late" })).toMatchObject({ code: "internal" });
    await until("the late call", async () => (await app.journal("late")).length > 0);
    expect(await app.journal("layered", ada)).toEqual([]);
  });

  it("that takes its time runs no handler for a sender who was banned meanwhile [s-P2]", async () => {
    const ada = app.user("ada");
    const client = await app.v1(ada);
    client.send({ type: "request", name: "layered", input: { how: "wait" }, $: { id: "w" } });
    client.post("layered", { how: "wait" });
    await until("the middleware", async () => (await app.journal("begin", ada)).length === 2);
    await app.command("disconnectUser", { userId: ada, code: 4403 });
    await client.end();
    await until("the end", async () => (await app.journal("end", ada)).length === 2);
    expect(await app.journal("layered", ada)).toEqual([]);
  });
});
