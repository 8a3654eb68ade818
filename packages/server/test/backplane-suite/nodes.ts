import { describe, expect, it } from "vitest";
import type { Revocation } from "../../src/backplane.ts";
import { numbered } from "./channels.ts";
import type { SuiteContext } from "./context.ts";
import { HISTORY } from "./node.ts";

/** What nodes with a shared store guarantee to each other. */
export function describeNodes({ create, start, settle, name }: SuiteContext): void {
  describe("several nodes", () => {
    it("deliver one order of a channel to every node", async () => {
      const nodes = [await start(), await start(), await start()];
      const channel = name("room:");
      for (const { backplane } of nodes) await backplane.subscribe(channel);
      await Promise.all(nodes.flatMap((node) => numbered(20).map((data) => node.publish(channel, data))));
      await settle();
      const [first, ...others] = nodes.map(({ publications }) => publications);
      expect(first).toHaveLength(60);
      for (const other of others) expect(other).toEqual(first);
    });

    it("receive each other's notices, and not their own", async () => {
      const [one, two] = [await start(), await start()];
      await one.backplane.announce('{"a":1}');
      await settle();
      expect([one.notices, two.notices]).toEqual([[], ['{"a":1}']]);
    });

    it("receive what is sent to them, and what is sent to an unknown node reaches no node", async () => {
      const [one, two, three] = [await start(), await start(), await start()];
      await one.backplane.send(two.backplane.nodeId, "hello");
      await one.backplane.send("unknown", "hello");
      await settle();
      expect([one.messages, two.messages, three.messages]).toEqual([[], ["hello"], []]);
    });

    it("are named while they run", async () => {
      const [one, two, three] = [await start(), await start(), await start()];
      const ids = (...nodes: readonly (typeof one)[]): string[] =>
        nodes.map(({ backplane }) => backplane.nodeId);
      expect(await one.backplane.nodes()).toHaveLength(3);
      expect(await one.backplane.nodes()).toEqual(expect.arrayContaining(ids(one, two, three)));
      await two.backplane.stop();
      expect((await one.backplane.nodes()).toSorted()).toEqual(ids(one, three).toSorted());
      await settle();
    });

    it("hear of what a process publishes, announces and revokes that has not started its backplane", async () => {
      const [one, two, process] = [await start(), await start(), create()];
      const [channel, user, session] = [name("room:"), name("u"), name("s")];
      await Promise.all([one, two].map(({ backplane }) => backplane.subscribe(channel)));
      await process.publish(channel, "published", { history: HISTORY });
      await process.announce('{"a":1}');
      const marks: Revocation[] = [
        { user, notBefore: 1_000, code: 4403, reason: "" },
        { session, code: 4401, reason: "" },
      ];
      for (const mark of marks) await process.revoke(mark, 60_000);
      // A store may translate a time between clocks, as exactly as its answers are quick.
      const expected = marks.map((mark) =>
        "user" in mark ? { ...mark, notBefore: expect.closeTo(1_000, -4) as number } : mark,
      );
      await settle();
      for (const node of [one, two]) {
        expect(node.texts(channel)).toEqual(["published"]);
        expect(node.notices).toEqual(['{"a":1}']);
        expect(node.revoked).toEqual(expected);
      }
      expect(await one.backplane.revocations([user], [session])).toEqual(expected);
    });

    it("do not count a process that has not started its backplane, whatever it does with it", async () => {
      const [one, process] = [await start(), create()];
      await process.publish(name("room:"), "published", { history: HISTORY });
      expect(await process.roster(undefined, { cursor: undefined, limit: 10 })).toMatchObject({
        entries: [],
      });
      expect(await process.nodes()).toEqual([one.backplane.nodeId]);
      await process.stop();
      expect(await one.backplane.nodes()).toEqual([one.backplane.nodeId]);
    });

    it("have different ids", async () => {
      expect((await start()).backplane.nodeId).not.toBe((await start()).backplane.nodeId);
    });
  });
}
