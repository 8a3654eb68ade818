import { describe, expect, it } from "vitest";
import type { AdmissionRequest, Revocation } from "../../src/backplane.ts";
import type { SuiteContext } from "./context.ts";

const MINUTE = 60_000;

export function describeRecords({ start, advance, name }: SuiteContext): void {
  it("recalls a client that has had something done, and none that it does not know", async () => {
    const [{ backplane }, user] = [await start(), name("u")];
    const ref = { user, client: "c" };
    const connection = { id: "n.1" };
    expect(await backplane.recall?.(ref, connection.id)).toBe(undefined);
    const work = { ref, key: 7, digest: 1, connection };
    await backplane.begin(work);
    await backplane.settle(work, "{}");
    expect(await backplane.recall?.(ref, connection.id)).toBeDefined();
  });

  it("does not know a client that it has forgotten until a connection that was told so begins something", async () => {
    const [{ backplane }, user] = [await start(), name("u")];
    const ref = { user, client: "c" };
    const key = (attempt: number) => ({
      room: undefined,
      user,
      connectionId: `${backplane.nodeId}.${String(attempt)}`,
    });
    const open = async (attempt: number): Promise<void> => {
      const { connectionId } = key(attempt);
      await backplane.admit({ ...ref, connectionId, attempt, limit: 2, policy: "reject" });
      await backplane.applyPresence([{ op: "+", ...key(attempt), profile: "{}" }]);
    };
    const close = (attempt: number) => backplane.applyPresence([{ op: "-", ...key(attempt), graceMs: 0 }]);
    const isKnown = async (attempt: number): Promise<boolean> =>
      (await backplane.recall?.(ref, key(attempt).connectionId)) !== undefined;

    // The first is cut off before its `hello`, and the welcome of the second is lost.
    await open(2);
    await close(2);
    await open(3);
    expect(await isKnown(3)).toBe(false);
    await close(3);
    await open(4);
    expect(await isKnown(4)).toBe(false);
    await backplane.begin({ ref, key: 7, digest: 1, connection: { id: key(4).connectionId } });
    await close(4);
    expect(await isKnown(5)).toBe(true);
  });

  it("knows a client from its first attempt on, whether or not it has had something done", async () => {
    const [{ backplane }, user] = [await start(), name("u")];
    const ref = { user, client: "c" };
    const key = { room: undefined, user, connectionId: `${backplane.nodeId}.1` };
    await backplane.admit({
      ...ref,
      connectionId: key.connectionId,
      attempt: 1,
      limit: 2,
      policy: "reject",
    });
    await backplane.applyPresence([{ op: "+", ...key, profile: "{}" }]);
    await backplane.applyPresence([{ op: "-", ...key, graceMs: 0 }]);
    expect(await backplane.recall?.(ref, `${backplane.nodeId}.2`)).toEqual({ lastSeq: 0, requests: [] });
  });

  describe("rooms given to a client", () => {
    it("are remembered until they are taken, for this client of this user only", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      const ref = { user, client: "c" };
      await backplane.giveRoom(ref, "a");
      await backplane.giveRoom(ref, "b");
      await backplane.giveRoom(ref, "a");
      expect([...(await backplane.givenRooms(ref))].sort()).toEqual(["a", "b"]);
      expect(await backplane.givenRooms({ user, client: "d" })).toEqual([]);
      expect(await backplane.givenRooms({ user: name("u"), client: "c" })).toEqual([]);
      await backplane.takeRoom(ref, "a");
      await backplane.takeRoom(ref, "a");
      expect(await backplane.givenRooms(ref)).toEqual(["b"]);
    });

    it("are taken from every client of a user at once, and from no other user", async () => {
      const [{ backplane }, user, other] = [await start(), name("u"), name("u")];
      const refs = ["c", "d"].map((client) => ({ user, client }));
      for (const ref of [...refs, { user: other, client: "c" }]) {
        await backplane.giveRoom(ref, "a");
        await backplane.giveRoom(ref, "b");
      }
      await backplane.takeRoom({ user }, "a");
      for (const ref of refs) expect(await backplane.givenRooms(ref)).toEqual(["b"]);
      expect([...(await backplane.givenRooms({ user: other, client: "c" }))].sort()).toEqual(["a", "b"]);
    });

    it("become what the node of its open connection knows, and another node changes nothing", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      // Memory loses nothing.
      if (backplane.setRooms === undefined) return;
      const [ref, other] = [
        { user, client: "c" },
        { user, client: "d" },
      ];
      const connectionId = `${backplane.nodeId}.1`;
      const connection = { connectionId, attempt: 1, limit: 2 };
      await backplane.admit({ ...ref, ...connection, policy: "reject" });
      await backplane.applyPresence([{ op: "+", room: undefined, user, connectionId, profile: "{}" }]);
      await backplane.giveRoom(ref, "taken");
      await backplane.setRooms([
        { ...ref, connectionId, rooms: ["a", "b"] },
        { ...other, connectionId: "z.1", rooms: ["c"] },
      ]);
      expect([...(await backplane.givenRooms(ref))].sort()).toEqual(["a", "b"]);
      expect(await backplane.givenRooms(other)).toEqual(["c"]);
      await backplane.setRooms([{ ...ref, connectionId: "z.2", rooms: ["old"] }]);
      expect([...(await backplane.givenRooms(ref))].sort()).toEqual(["a", "b"]);
      await backplane.setRooms([{ ...ref, connectionId, rooms: [] }]);
      expect(await backplane.givenRooms(ref)).toEqual([]);
    });

    it("are remembered while the client is open, and for five minutes after", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      const ref = { user, client: "c" };
      const connection = { connectionId: `${backplane.nodeId}.1`, attempt: 1, limit: 2 };
      const key = { room: undefined, user, connectionId: connection.connectionId };
      await backplane.admit({ ...ref, ...connection, policy: "reject" });
      await backplane.applyPresence([{ op: "+", ...key, profile: "{}" }]);
      await backplane.giveRoom(ref, "a");
      await advance(20 * MINUTE);
      await backplane.applyPresence([{ op: "-", ...key, graceMs: 0 }]);
      await advance(4 * MINUTE);
      expect(await backplane.givenRooms(ref)).toEqual(["a"]);
      await advance(4 * MINUTE);
      expect(await backplane.givenRooms(ref)).toEqual(["a"]);
      await advance(6 * MINUTE);
      expect(await backplane.givenRooms(ref)).toEqual([]);
    });
  });
}

export function describeMarks({ start, advance, settle, name }: SuiteContext): void {
  describe("marks of revocation", () => {
    const request = (user: string, more: Partial<AdmissionRequest>): AdmissionRequest => ({
      user,
      client: name("c"),
      attempt: 1,
      connectionId: name("connection"),
      limit: 100,
      policy: "reject",
      ...more,
    });
    const refused = (code: number): object => ({ admitted: false, reason: "revoked", code });
    const admitted = { admitted: true, replaced: [] };

    it.each([
      [1_000, MINUTE],
      [MINUTE, 1_000],
    ])("last as long as the longer one of two: %i ms, then %i ms", async (first, second) => {
      const { backplane } = await start();
      const [user, session] = [name("u"), name("s")];
      const close = { code: 4403, reason: "" };
      await backplane.revoke({ user, notBefore: 1, ...close }, first);
      await backplane.revoke({ user, notBefore: 2, ...close }, second);
      await backplane.revoke({ session, ...close }, first);
      await backplane.revoke({ session, ...close }, second);
      await advance(5_000);
      const marks = await backplane.revocations([user], [session]);
      expect(marks).toEqual([
        { user, notBefore: 2, ...close },
        { session, ...close },
      ]);
    });

    it("refuse connections that were authenticated before the mark, and no later one", async () => {
      const [{ backplane }, user] = [await start(), name("u")];
      await backplane.revoke({ user, notBefore: 1_000, code: 4403, reason: "" }, MINUTE);
      await backplane.revoke({ user, notBefore: 500, code: 4401, reason: "" }, MINUTE);
      expect(await backplane.admit(request(user, { authenticatedAt: 999 }))).toEqual(refused(4403));
      expect(await backplane.admit(request(user, { authenticatedAt: 1_000 }))).toEqual(admitted);
      expect(await backplane.admit(request(name("u"), { authenticatedAt: 999 }))).toEqual(admitted);
    });

    it("refuse every connection of a session, and no other one of its user", async () => {
      const [{ backplane }, user, session] = [await start(), name("u"), name("s")];
      await backplane.revoke({ session, code: 4401, reason: "" }, MINUTE);
      expect(await backplane.admit(request(user, { session }))).toEqual(refused(4401));
      expect(await backplane.admit(request(user, { session: name("s") }))).toEqual(admitted);
    });

    it("can be read, and end", async () => {
      const [{ backplane }, user, session] = [await start(), name("u"), name("s")];
      const marks: Revocation[] = [
        { user, notBefore: 1_000, code: 4403, reason: "banned" },
        { session, code: 4401, reason: "" },
      ];
      for (const mark of marks) await backplane.revoke(mark, MINUTE);
      expect(await backplane.revocations([user, name("u")], [name("s"), session])).toEqual(marks);
      await advance(2 * MINUTE);
      await settle();
      expect(await backplane.revocations([user], [session])).toEqual([]);
      expect(await backplane.admit(request(user, { session, authenticatedAt: 999 }))).toEqual(admitted);
    });
  });
}
