// A hello may be larger than any other frame of a client, and a user may send several in a second.
import { expect, it } from "vitest";
import { describeAttacks } from "./support/attacked-app.ts";
import type { AttackedApp } from "./support/attacked-app.ts";

/** The CPU time in which a server answers nobody else; that of the attacks without an answer is some ten times as long. */
const MAX_TURN_MS = 30;

/** Marks in an order that composing them has to change, and that takes time quadratic in their number. */
const MARKS = "\u0301".repeat(490) + "\u0327".repeat(490);

describeAttacks("C: hellos", {}, (app) => {
  it("C22: a hello whose lists have thousands of wrong items is rejected at the first one, and takes nobody's time", async () => {
    const wrong = Array.from({ length: 60_000 }, () => 0);
    for (const list of ["rooms", "positions"])
      expect(
        await longestTurn(app, async () => {
          const client = await app.openV1(app.user("eve"));
          const { clientId, attempt } = client.page;
          client.send({ type: "hello", clientId, attempt, [list]: wrong });
          expect(await client.next("error")).toMatchObject({
            code: "invalid_message",
            issues: [{ path: `${list}.0` }],
          });
          expect(await client.closed).toMatchObject({ code: 4400 });
        }),
      ).toBeLessThan(MAX_TURN_MS);
  });

  it("C23: names of rooms with hundreds of combining marks in a row are rejected in a hello and a join, and take nobody's time", async () => {
    const rooms = Array.from({ length: 65 }, (_, n) => `a${MARKS}${String(n)}`);
    expect(
      await longestTurn(app, async () => {
        const client = await app.openV1(app.user("eve"));
        await client.hello({ rooms });
        expect(await client.next("left")).toMatchObject({ room: rooms[0], reason: "invalid_message" });
        await client.sync();
        expect(client.all({ reason: "invalid_message" })).toHaveLength(65);
      }),
    ).toBeLessThan(MAX_TURN_MS);
    const client = await app.v1(app.user("eve"));
    expect(await client.join(`a${MARKS}`)).toMatchObject({ code: "invalid_message" });
    await client.deliver("note", { text: "x" }, `room:a${MARKS}`);
    await client.seen({ type: "error", code: "forbidden" });
  });
});

/** The median of five runs, each with the longest time of the processor that the server has taken without a pause. */
async function longestTurn(app: AttackedApp, run: () => Promise<void>): Promise<number> {
  const turns: number[] = [];
  for (let n = 0; n < 5; n++) {
    await app.command("usage");
    await run();
    turns.push(((await app.command("usage")) as { readonly longestTurnMs: number }).longestTurnMs);
  }
  return turns.toSorted((a, b) => a - b)[2] ?? Infinity;
}
