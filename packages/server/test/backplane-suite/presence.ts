import { describe, expect, it } from "vitest";
import type { PresenceOp } from "../../src/backplane.ts";
import type { SuiteContext } from "./context.ts";
import type { Node } from "./node.ts";

export function describePresence({ start, advance, settle, name }: SuiteContext): void {
  describe.each(["globally", "in a room"])("presence %s", (scope) => {
    const createRoom = (): string | undefined => (scope === "globally" ? undefined : name("r"));

    /** Parses `+user connection profile?` and `-user connection graceMs?`. */
    const ops = (room: string | undefined, ...texts: string[]): PresenceOp[] =>
      texts.map((text) => {
        const [signedUser = "", connectionId = "", more] = text.split(" ");
        const user = signedUser.slice(1);
        const key = { room, user, connectionId };
        if (signedUser.startsWith("+")) return { ...key, op: "+", profile: more ?? `{"userId":"${user}"}` };
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

    it("reports one transition per user, however many connections are open", async () => {
      const [node, room, user] = [await start(), createRoom(), name("u")];
      await node.backplane.applyPresence(ops(room, `+${user} 1`, `+${user} 2`, `-${user} 1`));
      await settle();
      expect(node.transitions(room)).toEqual([`+${user}`]);
      expect(await present(node, room, [user])).toEqual([user]);
      await node.backplane.applyPresence(ops(room, `-${user} 2`));
      await settle();
      expect(node.transitions(room)).toEqual([`-${user}`]);
      expect(await present(node, room, [user])).toEqual([]);
    });

    it("reports a change to this node before the call resolves", async () => {
      const [node, room, user] = [await start(), createRoom(), name("u")];
      await node.backplane.applyPresence(ops(room, `+${user} 1`));
      expect(node.transitions(room)).toEqual([`+${user}`]);
    });

    it("ignores repeated operations and unknown connections", async () => {
      const [node, room, user] = [await start(), createRoom(), name("u")];
      await node.backplane.applyPresence(
        ops(room, `+${user} 1`, `+${user} 1`, `-${user} 9`, `-${name("u")} 1`),
      );
      await node.backplane.applyPresence(ops(room, `-${user} 1`, `-${user} 1`));
      await settle();
      expect(node.transitions(room)).toEqual([`+${user}`, `-${user}`]);
    });

    it("reports nothing for a return within the grace period, and a leave after it", async () => {
      const [node, room, user] = [await start(), createRoom(), name("u")];
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

    it("reports a changed profile, and no unchanged one", async () => {
      const [node, room, user] = [await start(), createRoom(), name("u")];
      const profiles = ['{"name":"Ada"}', '{"name":"Ada"}', '{"name":"Ada😀"}'];
      for (const [index, profile] of profiles.entries())
        await node.backplane.applyPresence(ops(room, `+${user} ${String(index)} ${profile}`));
      await settle();
      expect(node.transitions(room)).toEqual([`+${user}`, `=${user}`]);
      const { entries } = await node.backplane.roster(room, { cursor: undefined, limit: 1_000 });
      expect(entries.find((entry) => entry.user === user)?.profile).toBe('{"name":"Ada😀"}');
    });

    it("gives every event and every page a position, and the total after it", async () => {
      const [node, room] = [await start(), createRoom()];
      const [ada, bea] = [name("u"), name("u")];
      await node.backplane.applyPresence(ops(room, `+${ada} 1`));
      const page = await node.backplane.roster(room, { cursor: undefined, limit: 10 });
      await node.backplane.applyPresence(ops(room, `+${bea} 1`, `-${ada} 1`));
      await settle();
      const events = node.events(room);
      const isInPage = events.map(({ stream, off }) => off <= (page.at[stream] ?? 0));
      expect(isInPage).toEqual([true, false, false]);
      expect(events.map(({ off }) => off)).toEqual(events.map(({ off }) => off).sort((a, b) => a - b));
      expect(new Set(events.map(({ off }) => off)).size).toBe(3);
      const totals = events.map(({ total }) => total - page.total);
      expect(totals).toEqual([0, 1, 0]);
    });

    it("gives a page the position of the last event of its own roster, whatever happens in others", async () => {
      const [node, room, other] = [await start(), createRoom(), name("r")];
      const [ada, bea] = [name("u"), name("u")];
      await node.backplane.applyPresence(ops(room, `+${ada} 1`, `+${bea} 1`, `-${bea} 1`));
      await node.backplane.applyPresence(ops(other, `+${ada} 1`, `+${bea} 1`));
      const page = await node.backplane.roster(room, { cursor: undefined, limit: 10 });
      const last = node.events(room).at(-1);
      expect(page.at[last?.stream ?? 0]).toBe(last?.off);
    });

    it("never goes back in the positions of a roster that was empty between", async () => {
      const [node, room, user] = [await start(), createRoom(), name("u")];
      for (let round = 0; round < 3; round++)
        await node.backplane.applyPresence(ops(room, `+${user} 1`, `-${user} 1`));
      await settle();
      const offsets = node.events(room).map(({ off }) => off);
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
      expect(offsets).toHaveLength(6);
    });

    it("counts the users and the connections of a room, without a page [s-P4]", async () => {
      const [node, room] = [await start(), createRoom()];
      const numbers = async () => {
        const { entries, total, connections } = await node.backplane.roster(room, {
          cursor: undefined,
          limit: 0,
        });
        return [entries.length, total, connections];
      };
      const [ada, bea] = [name("u"), name("u")];
      await node.backplane.applyPresence(ops(room, `+${ada} 1`, `+${ada} 2`, `+${ada} 2`, `+${bea} 1`));
      await settle();
      expect(await numbers()).toEqual([0, 2, 3]);
      await node.backplane.applyPresence(ops(room, `-${ada} 1`, `-${bea} 1`));
      await settle();
      expect(await numbers()).toEqual([0, 1, 1]);
    });

    it("returns pages that hold each user once", async () => {
      const [node, room] = [await start(), createRoom()];
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
    it("lists a user of one room neither in another room nor globally", async () => {
      const [node, rooms, user] = [await start(), [name("r"), name("r")], name("u")];
      const [room, other] = rooms;
      await node.backplane.applyPresence([{ op: "+", room, user, connectionId: "1", profile: "{}" }]);
      for (const elsewhere of [other, undefined]) {
        const { entries } = await node.backplane.roster(elsewhere, { cursor: undefined, limit: 1_000 });
        expect(entries.map((entry) => entry.user)).not.toContain(user);
      }
    });
  });
}
