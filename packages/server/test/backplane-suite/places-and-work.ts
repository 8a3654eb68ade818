import { describe, expect, it } from "vitest";
import type { AdmissionRequest, Work } from "../../src/backplane.ts";
import type { SuiteContext } from "../backplane-suite.ts";
import type { Node } from "./node.ts";

export function describeAdmissions({ start, advance, name }: SuiteContext): void {
  describe("a user's place", () => {
    const request = (
      user: string,
      connectionId: string,
      more: Partial<AdmissionRequest> = {},
    ): AdmissionRequest => ({
      user,
      client: connectionId,
      attempt: 1,
      connectionId,
      limit: 2,
      policy: "reject",
      ...more,
    });
    const admitted = { admitted: true, replaced: [] };
    const full = { admitted: false, reason: "limit" };

    /** Admits a connection and opens it. */
    async function open(node: Node, asked: AdmissionRequest): Promise<readonly string[]> {
      expect(await node.backplane.admit(asked)).toMatchObject({ admitted: true });
      const { user, connectionId } = asked;
      const op = { op: "+", room: undefined, user, connectionId, profile: "{}" } as const;
      return node.backplane.applyPresence([op]);
    }

    const close = (node: Node, user: string, connectionId: string): Promise<unknown> =>
      node.backplane.applyPresence([{ op: "-", room: undefined, user, connectionId, graceMs: 0 }]);

    it("is one of so many, and free again when its connection is gone", async () => {
      const [node, user] = [await start(), name("u")];
      for (const id of ["1", "2"]) await open(node, request(user, id));
      expect(await node.backplane.admit(request(user, "3"))).toEqual(full);
      await close(node, user, "1");
      expect(await node.backplane.admit(request(user, "3"))).toEqual(admitted);
    });

    it("is reserved for ten seconds", async () => {
      const [node, user] = [await start(), name("u")];
      for (const id of ["1", "2"]) await node.backplane.admit(request(user, id));
      expect(await node.backplane.admit(request(user, "3"))).toEqual(full);
      await advance(10_500);
      expect(await node.backplane.admit(request(user, "3"))).toEqual(admitted);
    });

    it("goes to the newest attempt of a client, and never back", async () => {
      const [node, user] = [await start(), name("u")];
      const attempt = (connectionId: string, number: number): AdmissionRequest =>
        request(user, connectionId, { client: "c", attempt: number });
      await open(node, attempt("1", 1));
      expect(await node.backplane.admit(attempt("2", 3))).toEqual({
        admitted: true,
        replaced: ["1"],
      });
      await open(node, attempt("2", 3));
      await close(node, user, "1");
      expect(await node.backplane.admit(attempt("3", 2))).toEqual({ admitted: false, reason: "superseded" });
      await open(node, request(user, "4"));
      expect(await node.backplane.admit(request(user, "5"))).toEqual(full);
    });

    it("is taken from the oldest where the policy says so", async () => {
      const [node, user] = [await start(), name("u")];
      await open(node, request(user, "1"));
      await advance(5);
      await open(node, request(user, "2"));
      expect(await open(node, request(user, "3", { policy: "close-oldest" }))).toEqual(["1"]);
    });

    it("is not lost to a reservation that never opens", async () => {
      const [node, user] = [await start(), name("u")];
      for (const id of ["1", "2"]) await open(node, request(user, id));
      await node.backplane.admit(request(user, "3", { client: "1", attempt: 2 }));
      await close(node, user, "3");
      await node.backplane.admit(request(user, "4", { policy: "close-oldest" }));
      await advance(10_500);
      expect(await node.backplane.admit(request(user, "5"))).toEqual(full);
    });

    it("never goes to more than the limit, however many ask at once", async () => {
      const [node, user] = [await start(), name("u")];
      const asked = Array.from({ length: 8 }, (_, n) => node.backplane.admit(request(user, String(n))));
      expect((await Promise.all(asked)).filter((answer) => answer.admitted)).toHaveLength(2);
    });
  });
}

export function describeWork({ start, name }: SuiteContext): void {
  describe("once-only work", () => {
    const work = (user: string, key: number | string, digest = 1): Work => ({
      ref: { user, client: "c" },
      key,
      digest,
    });

    it.each([
      ["a send", 1],
      ["a request", "r1"],
    ] as const)("runs %s once, and then answers from what is stored", async (_, key) => {
      const [{ backplane }, user] = [await start(), name("u")];
      expect(await backplane.begin(work(user, key))).toEqual({ state: "run" });
      expect(await backplane.begin(work(user, key))).toEqual({ state: "running" });
      await backplane.settle(work(user, key), '{"type":"reply"}');
      expect(await backplane.begin(work(user, key))).toEqual({ state: "done", result: '{"type":"reply"}' });
      expect(await backplane.begin(work(user, key, 2))).toEqual({ state: "conflict" });
    });

    it.each([
      ["a send", 1],
      ["a request", "r1"],
    ] as const)("runs %s again when its result is forgotten", async (_, key) => {
      const [{ backplane }, user] = [await start(), name("u")];
      await backplane.begin(work(user, key));
      await backplane.settle(work(user, key), undefined);
      expect(await backplane.begin(work(user, key))).toEqual({ state: "run" });
    });

    it("takes sends in their order only, from anywhere for a client without a past", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      const states = [];
      for (const key of [7, 9, 8, 9, 6]) states.push((await backplane.begin(work(user, key))).state);
      expect(states).toEqual(["run", "conflict", "run", "run", "conflict"]);
    });

    it("remembers the last 32 sends", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      for (let key = 1; key <= 33; key++) {
        await backplane.begin(work(user, key));
        await backplane.settle(work(user, key), "{}");
      }
      expect(await backplane.begin(work(user, 2))).toMatchObject({ state: "done" });
      expect(await backplane.begin(work(user, 1))).toEqual({ state: "conflict" });
    });

    it("runs once when it is asked for twice at the same time", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      const both = await Promise.all([backplane.begin(work(user, 1)), backplane.begin(work(user, 1))]);
      expect(both.map(({ state }) => state).sort()).toEqual(["run", "running"]);
    });

    it("belongs to a client of a user: the same client id of another user is somebody else", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      await backplane.begin(work(user, 1));
      await backplane.settle(work(user, 1), "secret");
      expect(await backplane.begin(work(name("u"), 1))).toEqual({ state: "run" });
    });
  });
}
