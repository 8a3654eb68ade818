import { expect, it } from "vitest";
import type { RawClient } from "../support/raw-client.ts";
import { onEachBackplane } from "../support/test-app.ts";

/** Enough connections that the server writes through the topics of a runtime that has them. */
const CONNECTIONS = 70;
const ROUND = 40;

onEachBackplane("a channel with 70 connections", {}, (app) => {
  it("70 connections receive every message once and in order while connections open, close and get replies", async () => {
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, async () => app.plain()));
    const sender = await app.v1();
    const numbers = (client: RawClient): number[] => client.all("notice").map(({ text }) => Number(text));
    const rounds = (count: number): number[] =>
      Array.from({ length: count * ROUND }, (_, n) => (n % ROUND) + 1);
    const publish = async (): Promise<unknown> => app.command("publish", { count: ROUND });

    await publish();
    await publish();
    const chats = Array.from({ length: 20 }, (_, n) => sender.post("chat_message", { content: String(n) }));
    await publish();
    for (const seq of chats) expect(await sender.answer(seq)).toMatchObject({ type: "reply" });
    const [leaver, ...others] = clients;
    await leaver?.close();
    const newcomer = await app.plain();
    await publish();
    await publish();

    for (const client of [...others, sender, newcomer]) await client.sync();
    for (const client of [...others, sender]) expect(numbers(client)).toEqual(rounds(5));
    expect(numbers(newcomer)).toEqual(rounds(2));
    for (const client of [...others, sender])
      expect(client.all("chat_message").map(({ content }) => content)).toEqual(
        chats.map((_, n) => String(n)),
      );
    const offsets = (client: RawClient): number[] => client.frames.flatMap(({ $ }) => $?.off ?? []);
    expect(offsets(sender)).toEqual(offsets(sender).toSorted((a, b) => a - b));
    for (const client of others) expect(offsets(client)).toEqual(offsets(sender));
  });
});
