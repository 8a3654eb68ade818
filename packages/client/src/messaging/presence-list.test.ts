import type { PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyPresence } from "./presence-list.ts";

const person = (userId: string, name = userId): PublicUser => ({
  userId,
  name,
  connectedAt: "2026-11-23T09:00:00.000Z",
});

describe("applyPresence", () => {
  it("replaces the list, and adds, updates and removes users", () => {
    let users = applyPresence([], { type: "user_list", users: [person("ada"), person("bob")], total: 2 });
    users = applyPresence(users, { type: "user_joined", users: [person("eve")], total: 3 });
    users = applyPresence(users, { type: "user_joined", users: [person("ada", "Countess")], total: 3 });
    users = applyPresence(users, { type: "user_left", userIds: ["bob", "nobody"], total: 2 });
    expect(users).toEqual([person("ada", "Countess"), person("eve")]);
  });

  it("returns the same array when nothing changes", () => {
    const users = [person("ada")];
    expect(applyPresence(users, { type: "user_list", users: [person("ada")], total: 1 })).toBe(users);
    expect(applyPresence(users, { type: "user_joined", users: [], total: 700 })).toBe(users);
    expect(applyPresence(users, { type: "user_joined", users: [person("ada")], total: 1 })).toBe(users);
    expect(applyPresence(users, { type: "user_left", userIds: ["bob"], total: 1 })).toBe(users);
  });

  it("keeps 500 users, as many as a server announces, and no more", () => {
    const crowd = Array.from({ length: 10_000 }, (_, n) => person(String(n)));
    const users = applyPresence([], { type: "user_joined", users: crowd, total: 1 });
    expect(users).toEqual(crowd.slice(0, 500));
    expect(applyPresence(users, { type: "user_joined", users: [person("eve")], total: 1 })).toBe(users);
  });

  it("lists users whose ids are names of object properties", () => {
    const names = ["__proto__", "constructor", "toString"];
    const users = applyPresence([], {
      type: "user_joined",
      users: names.map((name) => person(name)),
      total: 3,
    });
    expect(users.map(({ userId }) => userId)).toEqual(names);
    expect(applyPresence(users, { type: "user_left", userIds: names, total: 0 })).toEqual([]);
  });

  it("keeps the object of a user who has not changed", () => {
    const users = [person("ada"), person("bob")];
    const list = { type: "user_list", users: [person("ada"), { ...person("bob"), name: "Bo" }], total: 2 };
    const [ada, bob] = applyPresence(users, list);
    expect(ada).toBe(users[0]);
    expect(bob).toEqual({ ...person("bob"), name: "Bo" });
  });

  it("equals a set of users after any sequence of frames", () => {
    const id = fc.constantFrom("a", "b", "c", "d", "e");
    const frame = fc.oneof(
      fc.record({
        type: fc.constantFrom("user_list", "user_joined"),
        ids: fc.uniqueArray(id),
        version: fc.nat(3),
      }),
      fc.record({ type: fc.constant("user_left"), ids: fc.uniqueArray(id), version: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(frame, { size: "medium" }), (frames) => {
        const model = new Map<string, string>();
        let users: readonly PublicUser[] = [];
        for (const { type, ids, version } of frames) {
          if (type === "user_list") model.clear();
          for (const userId of ids) {
            if (type === "user_left") model.delete(userId);
            else model.set(userId, String(version));
          }
          const wire: Frame =
            type === "user_left"
              ? { type, userIds: ids, total: 0 }
              : { type, users: ids.map((userId) => person(userId, String(version))), total: 0 };
          const before = users;
          users = applyPresence(users, wire);
          if (users !== before) expect(users).not.toEqual(before);
        }
        expect(new Map(users.map(({ userId, name }) => [userId, name]))).toEqual(model);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
