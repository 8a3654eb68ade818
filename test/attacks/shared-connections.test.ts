import { expect, it } from "vitest";
import { Page } from "../support/v1-client.ts";
import { describeAttacks } from "./support/attacked-app.ts";

describeAttacks("F: tabs that share a connection", {}, (app) => {
  it("F9: an id with the client id of another user reaches nothing of that user", async () => {
    const ada = await app.v1(app.user("ada"));
    const mallory = await app.v1(app.user("mallory"), new Page(), { sharing: true });
    await ada.deliver("note", { text: "of ada" });
    const name = { type: "request", name: "profile", input: {} };
    ada.send({ ...name, $: { id: "r1" } });
    const profile = await ada.answer("r1");
    const { clientId } = ada.page;
    // The first number of Mallory's own records of this client id: it runs, and is Mallory's.
    mallory.send({ type: "note", text: "of ada", $: { id: `${clientId}:1` } });
    expect(await mallory.answer(`${clientId}:1`)).toMatchObject({ type: "reply" });
    mallory.send({ ...name, $: { id: `${clientId}:r1` } });
    expect((await mallory.answer(`${clientId}:r1`))["result"]).not.toEqual(profile["result"]);
    expect(await ada.deliver("note", { text: "again" })).toMatchObject({ type: "reply" });
  });

  it("F9: an id with the client id of another client of the user gets that client's results, and runs nothing twice", async () => {
    const user = app.user("ada");
    const [own, other] = [await app.v1(user), await app.v1(user, new Page(), { sharing: true })];
    const reply = await own.deliver("note", { text: "x" });
    const id = `${own.page.clientId}:1`;
    other.send({ type: "note", text: "x", $: { id } });
    expect((await other.answer(id))["result"]).toEqual(reply["result"]);
    other.send({ type: "note", text: "y", $: { id } });
    await other.seen({ type: "error", code: "conflict" });
  });

  it("F9: frames for a 33rd tab are limit_exceeded, and the others go on", async () => {
    const client = await app.v1(undefined, undefined, { sharing: true });
    const idOf = (tab: number): string => `tab-${String(tab).padStart(16, "0")}:r1`;
    for (let tab = 0; tab < 40; tab++) client.send({ type: "ping", $: { id: idOf(tab) } });
    expect(await client.answer(idOf(31))).toMatchObject({ type: "pong" });
    expect(await client.answer(idOf(32))).toMatchObject({ type: "error", code: "limit_exceeded" });
    await client.sync();
    expect(client.all("error")).toHaveLength(8);
  });
});
