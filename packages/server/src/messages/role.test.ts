import { describe, expect, it } from "vitest";
import { hasRequiredRole } from "./message-types.ts";
import { roleOf } from "./role.ts";

describe("a user's roles", () => {
  it.each([
    [{ role: "admin" }, ["admin"]],
    [{ role: "user, admin" }, ["user", "admin"]],
    [{ role: ["user", "admin", 1] }, ["user", "admin"]],
    [{ role: null }, []],
    [{ role: 1 }, []],
    [{}, []],
  ])("of %j are %j", (user, roles) => {
    expect(roleOf(user)).toEqual(roles);
  });

  it("are asked for only where a policy does, and matched whole", () => {
    const policy = { requires: { role: "admin" } };
    expect(hasRequiredRole({}, {})).toBe(true);
    expect(hasRequiredRole(policy, { role: "user,admin" })).toBe(true);
    expect(hasRequiredRole(policy, { role: "administrator" })).toBe(false);
    expect(hasRequiredRole(policy, { role: "" })).toBe(false);
    expect(hasRequiredRole(policy, {})).toBe(false);
  });
});
