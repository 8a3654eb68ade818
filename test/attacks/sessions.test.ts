import { expect, it } from "vitest";
import { channelsOf } from "../support/frame.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { besiege } from "./support/siege.ts";
import type { Siege } from "./support/siege.ts";

/** A member of a room who was cut off after having heard something in it. */
async function cutOff(siege: Siege, userId: string, room: string): Promise<Page> {
  const client = await siege.v1(userId);
  await client.join(room);
  await siege.command("tell", { count: 1, room });
  await client.seen("told");
  await client.cut();
  return client.page;
}

async function back(siege: Siege, userId: string, page: Page): Promise<V1Client> {
  const client = await siege.openV1(userId, page);
  await client.hello();
  await client.sync();
  return client;
}

// D5 to D10 need a session store: they are in conformance/revocation.test.ts and conformance/session-races.test.ts.
besiege("D: sessions, resume, authorization over time", {}, (siege) => {
  it("D1: another user's client id and positions give nothing and take nothing", async () => {
    const [ada, room] = [siege.user("ada"), siege.room()];
    const victim = await siege.v1(ada);
    await victim.join(room);
    await siege.command("tell", { count: 2, userId: ada });
    await victim.seen({ type: "told", text: "2" });
    await siege.command("forbid", { room });
    const page = Object.assign(new Page(), { clientId: victim.page.clientId, attempt: 50 });
    for (const [ch, { epoch }] of victim.page.positions) page.positions.set(ch, { epoch, off: 0 });
    page.rooms.add(room);
    const thief = await back(siege, siege.user("eve"), page);
    expect(thief.all("told")).toEqual([]);
    await victim.sync();
    expect(victim.isOpen).toBe(true);
    await siege.command("allow", { room });
  });

  it("D2: a sequence number counts once, within its own client", async () => {
    const [ada, eve] = [siege.user("ada"), siege.user("eve")];
    const client = await siege.v1(ada);
    expect(await client.deliver("note", { text: "first" })).toMatchObject({ type: "reply" });
    for (const seq of [1, 9, 2 ** 52]) {
      const before = client.frames.length;
      client.send({ type: "note", text: "another", $: { seq } });
      await client.sync();
      expect(client.frames.slice(before).find(({ type }) => type === "error")).toMatchObject({
        code: "conflict",
      });
    }
    const stranger = await siege.v1(eve, Object.assign(new Page(), { clientId: client.page.clientId }));
    const receipt = await stranger.deliver("note", { text: "first" });
    expect(receipt).toMatchObject({ type: "reply" });
    expect((await siege.journal("note", eve)).length).toBe(1);
    expect((await siege.journal("note", ada)).map(({ text }) => text)).toEqual(["first"]);
  });

  it("D3: what was lost while one was away is not resumed, and nothing of it is replayed", async () => {
    const [ada, room] = [siege.user("ada"), siege.room()];
    const page = await cutOff(siege, ada, room);
    await siege.command("tell", { count: 3, room });
    await siege.command("forbid", { room });
    const client = await back(siege, ada, page);
    expect(channelsOf(client.all("welcome")[0] ?? { type: "" })[`room:${room}`]?.recovered).toBe("forbidden");
    await siege.command("tell", { count: 3, room });
    await client.sync();
    expect(client.all("told")).toEqual([]);
    await siege.command("allow", { room });
  });

  it.each([
    ["in the future", { off: 9e12 }],
    ["of no epoch", { epoch: "elsewhere" }],
  ])("D4: a position %s recovers nothing", async (_name, change) => {
    const [ada, room] = [siege.user("ada"), siege.room()];
    const page = await cutOff(siege, ada, room);
    await siege.command("tell", { count: 2, room });
    const ch = `room:${room}`;
    const position = page.positions.get(ch) ?? { epoch: "", off: 0 };
    page.positions.set(ch, { ...position, ...change });
    const client = await back(siege, ada, page);
    expect(client.all("told")).toEqual([]);
    expect(client.all("error").length + client.all({ type: "gap", ch }).length).toBeGreaterThan(0);
  });

  it.each([-1, 0.5, "NaN", null])("D4: %s is no offset", async (off) => {
    const client = await siege.openV1(siege.user());
    const { clientId, attempt } = client.page;
    client.send({ type: "hello", clientId, attempt, positions: [{ ch: "all", epoch: "x", off }], rooms: [] });
    expect(await client.next("error")).toMatchObject({ code: "invalid_message" });
  });

  it("D11: a room that one may not read tells nothing of itself", async () => {
    const [room, nowhere] = ["secret", "throws"];
    const client = await siege.v1();
    const { $: _re, ...secret } = await client.request("users", { room });
    expect(secret).toMatchObject({ type: "error" });
    const { $: _other, ...refused } = await client.join(room);
    expect(refused).toMatchObject({ code: "forbidden" });
    expect(await client.request("users", { room: nowhere })).toMatchObject({ type: "error" });
    expect(client.all("user_list").some((list) => list["room"] === room)).toBe(false);
  });
});
