import { describe, expect, it } from "vitest";
import type { AdmissionRequest, Work, WorkState } from "../../src/backplane.ts";
import type { SuiteContext } from "./context.ts";
import type { Node } from "./node.ts";

export function describeAdmissions({ start, advance, name }: SuiteContext): void {
  describe("connection slots", () => {
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
    async function open(
      node: Node,
      requested: AdmissionRequest,
      openedAt?: number,
    ): Promise<readonly string[]> {
      expect(await node.backplane.admit(requested)).toMatchObject({ admitted: true });
      return declare(node, requested, openedAt);
    }

    /** @returns what has lost its slot: `connectionId reason` */
    async function declare(
      node: Node,
      requested: AdmissionRequest,
      openedAt = 0,
    ): Promise<readonly string[]> {
      const { user, connectionId, client, attempt, limit } = requested;
      const claim = { client, attempt, limit, openedAt };
      const op = { op: "+", room: undefined, user, connectionId, profile: "{}", ...claim } as const;
      const evictions = await node.backplane.applyPresence([op]);
      return evictions.map((eviction) => `${eviction.connectionId} ${eviction.reason}`);
    }

    const close = (node: Node, user: string, connectionId: string): Promise<unknown> =>
      node.backplane.applyPresence([{ op: "-", room: undefined, user, connectionId, graceMs: 0 }]);

    it("admits connections up to the limit, and frees the slot of a closed one", async () => {
      const [node, user] = [await start(), name("u")];
      for (const id of ["1", "2"]) await open(node, request(user, id));
      expect(await node.backplane.admit(request(user, "3"))).toEqual(full);
      await close(node, user, "1");
      expect(await node.backplane.admit(request(user, "3"))).toEqual(admitted);
    });

    it("reserves the slot of an admitted connection for ten seconds", async () => {
      const [node, user] = [await start(), name("u")];
      for (const id of ["1", "2"]) await node.backplane.admit(request(user, id));
      expect(await node.backplane.admit(request(user, "3"))).toEqual(full);
      await advance(10_500);
      expect(await node.backplane.admit(request(user, "3"))).toEqual(admitted);
    });

    it("gives the slot to the newest attempt of a client, and never to an older one", async () => {
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

    it("evicts the oldest connection under the policy close-oldest", async () => {
      const [node, user] = [await start(), name("u")];
      await open(node, request(user, "1"));
      await advance(5);
      await open(node, request(user, "2"));
      expect(await open(node, request(user, "3", { policy: "close-oldest" }))).toEqual(["1 limit"]);
    });

    it("evicts no connection that is newer than another one, also of a client that came first", async () => {
      const [node, user] = [await start(), name("u")];
      await open(node, request(user, "1", { client: "c" }), 1);
      await open(node, request(user, "2"), 2);
      await open(node, request(user, "3", { client: "c", attempt: 2 }), 3);
      expect(await open(node, request(user, "4", { policy: "close-oldest" }), 4)).toEqual(["2 limit"]);
    });

    it("counts a connection that is declared without a reservation, and lets the newest attempt win", async () => {
      const [node, user] = [await start(), name("u")];
      const attempt = (connectionId: string, number: number): AdmissionRequest =>
        request(user, connectionId, { client: "c", attempt: number });
      expect(await declare(node, attempt("1", 2))).toEqual([]);
      expect(await declare(node, attempt("1", 2))).toEqual([]);
      expect(await declare(node, attempt("0", 1))).toEqual(["0 superseded"]);
      expect(await declare(node, attempt("2", 3))).toEqual(["1 superseded"]);
      expect(await node.backplane.admit(attempt("3", 2))).toEqual({ admitted: false, reason: "superseded" });
      expect(await declare(node, request(user, "4"), 1)).toEqual([]);
      expect(await node.backplane.admit(request(user, "5"))).toEqual(full);
      expect(await declare(node, request(user, "5"), 2)).toEqual(["2 limit"]);
    });

    it("counts a connection once that is declared as another client's than before", async () => {
      const [node, user] = [await start(), name("u")];
      expect(await declare(node, request(user, "1"))).toEqual([]);
      expect(await declare(node, request(user, "1", { client: "of its hello" }))).toEqual([]);
      expect(await open(node, request(user, "2"))).toEqual([]);
      expect(await node.backplane.admit(request(user, "3"))).toEqual(full);
    });

    it("keeps the slots of open connections when reservations never open", async () => {
      const [node, user] = [await start(), name("u")];
      for (const id of ["1", "2"]) await open(node, request(user, id));
      await node.backplane.admit(request(user, "3", { client: "1", attempt: 2 }));
      await close(node, user, "3");
      await node.backplane.admit(request(user, "4", { policy: "close-oldest" }));
      await advance(10_500);
      expect(await node.backplane.admit(request(user, "5"))).toEqual(full);
    });

    it("admits no more than the limit when many connections ask at once", async () => {
      const [node, user] = [await start(), name("u")];
      const admissions = Array.from({ length: 8 }, (_, n) => node.backplane.admit(request(user, String(n))));
      expect((await Promise.all(admissions)).filter(({ admitted }) => admitted)).toHaveLength(2);
    });
  });
}

/** Begins and settles an operation. @returns what the next `begin` says, which it leaves running */
async function beginAgain({ backplane }: Node, work: Work, hasNoEffect: boolean): Promise<WorkState> {
  await backplane.settle({ ...work, hasNoEffect }, undefined);
  return backplane.begin(work);
}

export function describeOperations(
  { start, name }: SuiteContext,
  { isShared }: { readonly isShared: boolean },
): void {
  describe("idempotent operations", () => {
    const work = (user: string, key: number | string, digest = 1): Work => ({
      ref: { user, client: "c" },
      key,
      digest,
    });

    it.each([
      ["a send", 1],
      ["a request", "r1"],
    ] as const)("runs %s once, and answers a repetition with the stored result", async (_, key) => {
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
    ] as const)(
      "runs %s again after it ended without a result, and says that it may have run",
      async (_, key) => {
        const [node, user] = [await start(), name("u")];
        const again = { state: "run", mayHaveRun: true };
        expect(await node.backplane.begin(work(user, key))).toEqual({ state: "run" });
        expect(await beginAgain(node, work(user, key), true)).toEqual({ state: "run" });
        expect(await beginAgain(node, work(user, key), false)).toEqual(again);
        expect(await beginAgain(node, work(user, key), true)).toEqual(again);
        expect(await node.backplane.begin(work(user, key))).toMatchObject({ state: "running" });
        expect(await node.backplane.begin(work(user, key, 2))).toEqual({ state: "conflict" });
        await node.backplane.settle(work(user, key), "{}");
        expect(await node.backplane.begin(work(user, key))).toEqual({ state: "done", result: "{}" });
      },
    );

    it("takes the next send after one that may have run, and that one again", async () => {
      const [node, user] = [await start(), name("u")];
      await node.backplane.begin(work(user, 7));
      await node.backplane.settle(work(user, 7), undefined);
      expect(await node.backplane.begin(work(user, 7, 2))).toEqual({ state: "conflict" });
      expect(await node.backplane.begin(work(user, 8))).toEqual({ state: "run" });
      expect(await node.backplane.begin(work(user, 7))).toEqual({ state: "run", mayHaveRun: true });
      expect(await node.backplane.begin(work(user, 9))).toEqual({ state: "run" });
    });

    it("says of a request whose result is too large to be stored that it may have run", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      for (let n = 1; n <= 2; n++) {
        await backplane.begin(work(user, "r1"));
        await backplane.settle(work(user, "r1"), "x".repeat(16 * 1024 + 1));
      }
      expect(await backplane.begin(work(user, "r1"))).toEqual({ state: "run", mayHaveRun: true });
    });

    it("forgets of old requests that they may have run, and keeps the results of later ones", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      for (let n = 1; n <= 130; n++) {
        await backplane.begin(work(user, `r${String(n)}`));
        await backplane.settle(work(user, `r${String(n)}`), n > 60 ? undefined : "{}");
      }
      const states = [];
      for (const key of ["r1", "r130"]) states.push(await backplane.begin(work(user, key)));
      expect(states[1]).toEqual({ state: "run", mayHaveRun: true });
    });

    it("accepts sends in order only, from any first number of a new client", async () => {
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

    it("runs an operation once when it begins twice at the same time", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      const both = await Promise.all([backplane.begin(work(user, 1)), backplane.begin(work(user, 1))]);
      expect(both.map(({ state }) => state).sort()).toEqual(["run", "running"]);
    });

    // Memory answers at once: no begin of its node is repeated.
    if (isShared)
      it("gives a claim back to the node that repeats it, names it to others, and settles no other", async () => {
        const [{ backplane }, user] = [await start(), name("u")];
        const claimed = (claim: number): Work => ({ ...work(user, 1), claim });
        expect(await backplane.begin(claimed(1))).toEqual({ state: "run" });
        expect(await backplane.begin(claimed(1))).toEqual({ state: "run" });
        expect(await backplane.begin(claimed(2))).toEqual({
          state: "running",
          claim: { node: backplane.nodeId, number: 1 },
        });
        await backplane.settle(claimed(2), "{}");
        expect(await backplane.begin(claimed(3))).toMatchObject({ state: "running" });
        await backplane.settle(claimed(1), undefined);
        expect(await backplane.begin(claimed(3))).toEqual({ state: "run", mayHaveRun: true });
        expect(await backplane.begin(claimed(3))).toEqual({ state: "run", mayHaveRun: true });
        await backplane.settle({ ...claimed(3), hasNoEffect: true }, undefined);
        expect(await backplane.begin(claimed(4))).toEqual({ state: "run", mayHaveRun: true });
      });

    it("keeps operations of the same client id apart when their users differ", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      await backplane.begin(work(user, 1));
      await backplane.settle(work(user, 1), "secret");
      expect(await backplane.begin(work(name("u"), 1))).toEqual({ state: "run" });
    });
  });
}
