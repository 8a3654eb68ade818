import { expect, it } from "vitest";
import type { RawClient } from "../support/raw-client.ts";
import { onEachRuntime } from "../support/test-app.ts";

/** So many that a runtime's own topics write to them, where it has any. */
const CROWD = 70;
const ROUND = 40;

onEachRuntime("a channel with 70 connections", {}, (app) => {
  it("70 connections receive every message once and in order while connections open, close and get replies", async () => {
    const crowd = await Promise.all(Array.from({ length: CROWD }, async () => app.plain()));
    const talker = await app.v1();
    const told = (client: RawClient): number[] => client.all("told").map(({ text }) => Number(text));
    const rounds = (count: number): number[] =>
      Array.from({ length: count * ROUND }, (_, n) => (n % ROUND) + 1);
    const tell = async (): Promise<unknown> => app.command("tell", { count: ROUND });

    await tell();
    await tell();
    const chats = Array.from({ length: 20 }, (_, n) => talker.post("chat_message", { content: String(n) }));
    await tell();
    for (const seq of chats) expect(await talker.answer(seq)).toMatchObject({ type: "reply" });
    const [leaver, ...others] = crowd;
    await leaver?.close();
    const newcomer = await app.plain();
    await tell();
    await tell();

    for (const client of [...others, talker, newcomer]) await client.sync();
    for (const client of [...others, talker]) expect(told(client)).toEqual(rounds(5));
    expect(told(newcomer)).toEqual(rounds(2));
    for (const client of [...others, talker])
      expect(client.all("chat_message").map(({ content }) => content)).toEqual(
        chats.map((_, n) => String(n)),
      );
    const offsets = (client: RawClient): number[] => client.frames.flatMap(({ $ }) => $?.off ?? []);
    expect(offsets(talker)).toEqual(offsets(talker).toSorted((a, b) => a - b));
    for (const client of others) expect(offsets(client)).toEqual(offsets(talker));
  });
});
