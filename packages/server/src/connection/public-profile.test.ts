import { describe, expect, it } from "vitest";
import { profileOf } from "./public-profile.ts";

describe("the public profile", () => {
  it("holds id, name and image of a user, and nothing else", () => {
    const user = { id: "ada", name: "Ada", image: "/a.png", email: "ada@example.com", role: "admin" };
    expect(profileOf(user)).toEqual({ userId: "ada", name: "Ada", image: "/a.png" });
    expect(profileOf({ id: "ada", image: null })).toEqual({ userId: "ada", name: "ada" });
  });

  it("holds well-formed text, whatever users call themselves", () => {
    expect(profileOf({ id: "ada", name: "A\ud800\0", image: "\udfff" })).toEqual({
      userId: "ada",
      name: "A\ufffd\0",
      image: "\ufffd",
    });
  });
});
