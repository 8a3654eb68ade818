import { expect, it } from "vitest";
import { Page } from "../support/v1-client.ts";
import { onEachRuntime, onEachRuntimeAndTwoNodes } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachRuntimeAndTwoNodes("the result of a send", {}, (app) => {
  it("is in the reply after its schema, and a repetition on the next connection gets the same one [s-P1]", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const page = new Page();
    const first = await app.v1(ada, page);
    await first.join(room);
    const reply = await first.deliver("place", { square: "e4" }, `room:${room}`);
    expect(reply).toEqual({
      type: "reply",
      result: { id: expect.any(String) as unknown, result: { ply: 1, by: ada, note: "none" } },
      $: { re: 1 },
    });
    await first.cut();
    const again = await app.v1(ada, page);
    again.send({ type: "place", square: "e4", $: { seq: 1, ch: `room:${room}` } });
    expect(await again.answer(1)).toEqual(reply);
    expect(await app.journal("place", ada)).toHaveLength(1);
  });
});

onEachRuntime("the rules of a contract", {}, (app) => {
  it("a message that needs a room is refused without one and outside of it, and does not reach its handler [s-P1]", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const client = await app.v1(ada);
    for (const ch of [undefined, "all"])
      expect(await client.deliver("place", { square: "e4" }, ch)).toMatchObject({
        code: "invalid_message",
        issues: [{ path: "$.ch", message: "this type is sent to a room" }],
      });
    expect(await client.deliver("place", { square: "e4" }, `room:${room}`)).toMatchObject({
      code: "forbidden",
    });
    expect(await app.journal("place", ada)).toEqual([]);
  });

  it.each([
    ["nothing", { type: "reply", result: { id: expect.any(String) as unknown } }],
    ["large", { type: "error", code: "internal", retryable: false, mayHaveRun: true }],
    ["misfit", { type: "error", code: "internal", retryable: false, mayHaveRun: true }],
  ])("a result that is %s is sent, or is an error of the server [s-P1]", async (of, expected) => {
    const client = await app.v1();
    const answer = await client.deliver("note_result", { of });
    expect(answer).toMatchObject(expected);
    expect(JSON.stringify(answer)).not.toContain("hunter2");
    if (of === "nothing") expect(answer["result"]).not.toHaveProperty("result");
    else
      expect((await app.journal("error")).map(({ type, message }) => [type, message])).toContainEqual([
        "note_result",
        expect.stringMatching(/^TypeError: the re(ply|sult) .* note_result/u),
      ]);
  });

  it("a request without input takes none, and refuses one [s-P1]", async () => {
    const client = await app.v1();
    expect(await client.request("time")).toMatchObject({ type: "reply", result: 12 });
    expect(await client.request("time", { zone: "UTC" })).toMatchObject({ code: "invalid_message" });
  });

  it("a request in a room is for its members, and its handler has the room [s-P1]", async () => {
    const [ada, bob, room] = [app.user("ada"), app.user("bob"), app.room()];
    const [member, other] = [await app.v1(ada), await app.v1(bob)];
    await member.join(room);
    await member.deliver("place", { square: "e4" }, `room:${room}`);
    const ask = async (client: typeof member, id: string, ch?: string) => {
      client.send({ type: "request", name: "board", $: { id, ...(ch === undefined ? {} : { ch }) } });
      return client.answer(id);
    };
    expect(await ask(member, "b1", `room:${room}`)).toMatchObject({ type: "reply", result: ["e4"] });
    expect(await ask(member, "b2")).toMatchObject({ code: "invalid_message", issues: [{ path: "$.ch" }] });
    expect(await ask(other, "b3", `room:${room}`)).toMatchObject({ code: "forbidden" });
  });
});

onEachRuntime("what the application keeps with a connection", {}, (app) => {
  it("is made for each connection, is the same in all of its handlers, and is told after its end [s-P3]", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const [one, two] = [await app.v1(ada), await app.v1(ada)];
    await one.join(room);
    await one.deliver("layered", { how: "a" });
    await one.deliver("layered", { how: "b" });
    const [first, second] = [await one.request("connection"), await two.request("connection")];
    expect(first["result"]).toMatchObject({ rooms: [room], notes: [`made for ${ada}`, "a", "b"] });
    expect(second["result"]).toMatchObject({ rooms: [], notes: [`made for ${ada}`] });
    const ids = [first, second].map(({ result }) => (result as { id: string }).id);
    expect(new Set([...ids, ""]).size).toBe(3);
    await one.close();
    await until("the hook", async () => (await app.journal("disconnect", ada)).length === 1);
    expect(await app.journal("disconnect", ada)).toMatchObject([
      { rooms: [room], notes: [`made for ${ada}`, "a", "b"] },
    ]);
  });

  it("begins anew after a reconnect, and a plain client has it, too [s-P3]", async () => {
    const ada = app.user("ada");
    const page = new Page();
    const first = await app.v1(ada, page);
    await first.deliver("layered", { how: "a" });
    await first.cut();
    const again = await app.v1(ada, page);
    expect((await again.request("connection"))["result"]).toMatchObject({ notes: [`made for ${ada}`] });
    const plain = await app.plain(ada);
    plain.send({ type: "request", name: "connection", $: { id: "p" } });
    expect(await plain.seen({ $: { re: "p" } })).toMatchObject({ result: { notes: [`made for ${ada}`] } });
  });
});
