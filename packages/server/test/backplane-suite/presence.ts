import { describe, expect, it } from "vitest";
import type { PresenceOp } from "../../src/backplane.ts";
import type { SuiteContext } from "../backplane-suite.ts";
import type { Node } from "./node.ts";

export function describePresence({ start, advance, settle, name }: SuiteContext): void {
  describe.each(["everywhere", "in a room"])("presence %s", (where) => {
    const place = (): string | undefined => (where === "everywhere" ? undefined : name("r"));

    /** Says `+user connection profile?` and `-user connection graceMs?` in one place. */
    const ops = (room: string | undefined, ...said: string[]): PresenceOp[] =>
      said.map((text) => {
        const [who = "", connectionId = "", more] = text.split(" ");
        const user = who.slice(1);
        const key = { room, user, connectionId };
        if (who.startsWith("+")) return { ...key, op: "+", profile: more ?? `{"userId":"${user}"}` };
        return { ...key, op: "-", graceMs: Number(more ?? 0) };
      });

    const present = async (
      node: Node,
      room: string | undefined,
      users: readonly string[],
    ): Promise<string[]> => {
      const { entries } = await node.backplane.roster(room, { cursor: undefined, limit: 1_000 });
      return entries.map(({ user }) => user).filter((user) => users.includes(user));
    };

    it("is one transition per user, however many connections", async () => {
      const [node, room, user] = [await start(), place(), name("u")];
      await node.backplane.applyPresence(ops(room, `+${user} 1`, `+${user} 2`, `-${user} 1`));
      await settle();
      expect(node.transitions(room)).toEqual([`+${user}`]);
      expect(await present(node, room, [user])).toEqual([user]);
      await node.backplane.applyPresence(ops(room, `-${user} 2`));
      await settle();
      expect(node.transitions(room)).toEqual([`-${user}`]);
      expect(await present(node, room, [user])).toEqual([]);
    });

    it("has told this node of a change when the call for it resolves", async () => {
      const [node, room, user] = [await start(), place(), name("u")];
      await node.backplane.applyPresence(ops(room, `+${user} 1`));
      expect(node.transitions(room)).toEqual([`+${user}`]);
    });

    it("is not changed by what is said twice, or of connections that nobody knows", async () => {
      const [node, room, user] = [await start(), place(), name("u")];
      await node.backplane.applyPresence(
        ops(room, `+${user} 1`, `+${user} 1`, `-${user} 9`, `-${name("u")} 1`),
      );
      await node.backplane.applyPresence(ops(room, `-${user} 1`, `-${user} 1`));
      await settle();
      expect(node.transitions(room)).toEqual([`+${user}`, `-${user}`]);
    });

    it("goes on through a return within the grace, and ends with it", async () => {
      const [node, room, user] = [await start(), place(), name("u")];
      await node.backplane.applyPresence(ops(room, `+${user} 1`, `-${user} 1 2000`));
      await advance(1_000);
      await node.backplane.applyPresence(ops(room, `+${user} 2`));
      await advance(5_000);
      expect(node.transitions(room)).toEqual([`+${user}`]);
      await node.backplane.applyPresence(ops(room, `-${user} 2 2000`));
      await advance(1_000);
      expect(node.transitions(room)).toEqual([]);
      expect(await present(node, room, [user])).toEqual([user]);
      await advance(3_000);
      expect(node.transitions(room)).toEqual([`-${user}`]);
    });

    it("tells of a profile that changed, and of no other", async () => {
      const [node, room, user] = [await start(), place(), name("u")];
      const profiles = ['{"name":"Ada"}', '{"name":"Ada"}', '{"name":"Ada😀"}'];
      for (const [index, profile] of profiles.entries())
        await node.backplane.applyPresence(ops(room, `+${user} ${String(index)} ${profile}`));
      await settle();
      expect(node.transitions(room)).toEqual([`+${user}`, `=${user}`]);
      const { entries } = await node.backplane.roster(room, { cursor: undefined, limit: 1_000 });
      expect(entries.find((entry) => entry.user === user)?.profile).toBe('{"name":"Ada😀"}');
    });

    it("is read in pages that hold everyone once", async () => {
      const [node, room] = [await start(), place()];
      const users = Array.from({ length: 25 }, () => name("u"));
      await node.backplane.applyPresence(ops(room, ...users.map((user) => `+${user} 1`)));
      const read: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await node.backplane.roster(room, { cursor, limit: 10 });
        expect(page.entries.length).toBeLessThanOrEqual(10);
        expect(page.total).toBeGreaterThanOrEqual(25);
        read.push(...page.entries.map(({ user }) => user));
        ({ cursor } = page);
      } while (cursor !== undefined);
      expect(read.filter((user) => users.includes(user)).sort()).toEqual(users.toSorted());
      expect(new Set(read).size).toBe(read.length);
    });
  });

  describe("a room's presence", () => {
    it("is nobody else's business: not another room's, and not that of everyone", async () => {
      const [node, rooms, user] = [await start(), [name("r"), name("r")], name("u")];
      const [room, other] = rooms;
      await node.backplane.applyPresence([{ op: "+", room, user, connectionId: "1", profile: "{}" }]);
      for (const place of [other, undefined]) {
        const { entries } = await node.backplane.roster(place, { cursor: undefined, limit: 1_000 });
        expect(entries.map((entry) => entry.user)).not.toContain(user);
      }
    });
  });
}
