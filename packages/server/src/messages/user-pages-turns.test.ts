// Pages of users are work of milliseconds that a hundred bytes ask for: they are spread over turns of the event loop.
import { expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";

it("the server answers at most four pages of users in a turn of the event loop, of all connections together, and each connection gets its pages in order", async () => {
  const system = new TestSystem();
  const ada = await system.join("ada");
  const bob = await system.join("bob");
  for (const ws of [ada, bob]) ws.take();
  const replies = (): number => ada.received("reply").length + bob.received("reply").length;

  const counts: number[] = [];
  for (const ws of [ada, bob])
    for (let n = 0; n < 10; n++) system.hand(ws, { type: "request", name: "users", $: { id: String(n) } });
  while (replies() < 20 && counts.length < 20) {
    await new Promise((resolve) => setImmediate(resolve));
    // The first flush writes the replies of this turn.
    system.clock.flush();
    counts.push(replies());
  }
  expect(counts.map((count, turn) => count - (counts[turn - 1] ?? 0))).toEqual([4, 4, 4, 4, 4]);
  expect(ada.received("reply").map(({ $ }) => $?.re)).toEqual(
    Array.from({ length: 10 }, (_, n) => String(n)),
  );
  await system.expectToEndCleanly();
});
