import { describe, expect, it } from "vitest";
import type { Backplane, PresenceOp } from "../../src/backplane.ts";
import type { SuiteContext } from "./context.ts";
import type { Node } from "./node.ts";

interface Scene {
  readonly node: Node;
  readonly room: string;
  readonly user: string;
  readonly apply: (...texts: string[]) => Promise<unknown>;
}

export function describeStates({ start, advance, settle, name }: SuiteContext): void {
  /** Parses `+connection state? setAt?` and `-connection graceMs?` of one user. */
  const opsOf = (
    room: string,
    user: string,
    texts: readonly string[],
    announcedUsers: number,
  ): PresenceOp[] =>
    texts.map((text) => {
      const [signed = "", first, setAt] = text.split(" ");
      const key = { room, user, connectionId: signed.slice(1) };
      if (signed.startsWith("-")) return { ...key, op: "-", graceMs: Number(first ?? 0) };
      const profile = `{"userId":"${user}"}`;
      if (first === undefined) return { ...key, op: "+", profile };
      return { ...key, op: "+", profile, state: { json: first, setAt: Number(setAt ?? 1), announcedUsers } };
    });

  const begin = async (announcedUsers = 500): Promise<Scene> => {
    const [node, room, user] = [await start(), name("r"), name("u")];
    const apply = async (...texts: string[]): Promise<void> => {
      await node.backplane.applyPresence(opsOf(room, user, texts, announcedUsers));
      await settle();
    };
    return { node, room, user, apply };
  };

  const listed = async (backplane: Backplane, room: string): Promise<(string | undefined)[]> =>
    (await backplane.roster(room, { cursor: undefined, limit: 10 })).entries.map(({ state }) => state);

  describe("the state of a user", () => {
    it("comes with the entry, and each change of it as one event", async () => {
      const { node, room, user, apply } = await begin();
      expect(node.backplane.carriesStates).toBe(true);
      await apply('+1 {"x":1}', '+1 {"x":1} 2', '+1 {"x":2} 3', '+1 {"text":"é\\n😀"} 4');
      expect(node.states(room)).toEqual([
        `+${user} {"x":1}`,
        `~${user} {"x":2}`,
        `~${user} {"text":"é\\n😀"}`,
      ]);
      expect(await listed(node.backplane, room)).toEqual(['{"text":"é\\n😀"}']);
    });

    it("is that of the connection that has set it last, by its time, and falls back when this one leaves", async () => {
      const { node, room, user, apply } = await begin();
      await apply('+1 {"x":1} 10', "+2", '+3 {"x":3} 30', '+2 {"x":2} 20');
      expect(node.states(room)).toEqual([`+${user} {"x":1}`, `~${user} {"x":3}`]);
      await apply("-1");
      expect(node.states(room)).toEqual([]);
      await apply("-3");
      expect(node.states(room)).toEqual([`~${user} {"x":2}`]);
      await apply("+4", "-2");
      expect(node.states(room)).toEqual([`~${user} -`]);
      expect(await listed(node.backplane, room)).toEqual([undefined]);
    });

    it("is that which was applied later, of two of the same time", async () => {
      const { node, room, apply } = await begin();
      await apply('+1 {"x":1}', '+2 {"x":2}', '+1 {"x":3}');
      expect(await listed(node.backplane, room)).toEqual(['{"x":3}']);
    });

    it("stays for the grace period, and ends with the return of a connection that has none", async () => {
      const { node, room, user, apply } = await begin();
      await apply('+1 {"x":1}', "-1 2000", "-1 2000");
      expect(await listed(node.backplane, room)).toEqual(['{"x":1}']);
      await advance(1_000);
      await apply("+2");
      expect(node.states(room)).toEqual([`+${user} {"x":1}`, `~${user} -`]);
      await apply('+2 {"x":2} 2', "-2 1000");
      await advance(3_000);
      expect(node.states(room)).toEqual([`~${user} {"x":2}`, `-${user}`]);
    });

    it("travels with a change of the profile, and with one that says nothing of it ends", async () => {
      const { node, room, user, apply } = await begin();
      await apply("+1");
      const change = { op: "+", room, user, connectionId: "1", profile: '{"name":"Ada"}' } as const;
      const state = { json: '{"x":1}', setAt: 1, announcedUsers: 500 };
      await node.backplane.applyPresence([{ ...change, state }, change]);
      await settle();
      expect(node.states(room)).toEqual([`+${user} -`, `=${user} {"x":1}`, `~${user} -`]);
    });

    it("is no event above the users up to whom it is announced, and is in the roster", async () => {
      const { node, room, user, apply } = await begin(1);
      await apply('+1 {"x":1}', '+1 {"x":2} 2');
      await node.backplane.applyPresence(opsOf(room, name("u"), ["+9"], 1));
      node.states(room);
      await apply('+1 {"x":3} 3');
      expect(node.states(room)).toEqual([]);
      expect((await listed(node.backplane, room))[0]).toBe('{"x":3}');
      expect(user).not.toBe("");
    });
  });
}
