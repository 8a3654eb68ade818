import { describe, expect, it } from "vitest";
import { hasRequiredRole, roleOf } from "./message-types.ts";

describe("the roles of a user", () => {
  it.each([
    [{ role: "admin" }, ["admin"]],
    [{ role: "user, admin" }, ["user", "admin"]],
    [{ role: ["user", "admin", 1] }, ["user", "admin"]],
    [{ role: null }, []],
    [{ role: 1 }, []],
    [{}, []],
  ])("of %j are read as %j", (user, roles) => {
    expect(roleOf(user)).toEqual(roles);
  });

  it("are required only where the policy of a type names one, and must match as a whole", () => {
    const policy = { requires: { role: "admin" } };
    expect(hasRequiredRole({}, {})).toBe(true);
    expect(hasRequiredRole(policy, { role: "user,admin" })).toBe(true);
    expect(hasRequiredRole(policy, { role: "administrator" })).toBe(false);
    expect(hasRequiredRole(policy, { role: "" })).toBe(false);
    expect(hasRequiredRole(policy, {})).toBe(false);
  });

  it("are required one of several where the policy names a list", () => {
    const policy = { requires: { role: ["agent", "admin"] as const } };
    expect(hasRequiredRole(policy, { role: "admin" })).toBe(true);
    expect(hasRequiredRole(policy, { role: ["agent"] })).toBe(true);
    expect(hasRequiredRole(policy, { role: "user" })).toBe(false);
  });
});
