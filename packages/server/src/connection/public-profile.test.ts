import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedAuthor, profileOf } from "./public-profile.ts";

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

  const bytes = (value: object) => Buffer.byteLength(JSON.stringify(value));
  const connectedAt = new Date(0).toISOString();

  it("is at most 1 KiB, with any name and image", () => {
    const unit = fc.constantFrom("a", '"', "é", "漢", "😀", "\u0001", "\ud83d", "\ude00");
    const text = fc
      .tuple(unit, fc.array(unit, { maxLength: 8 }), fc.integer({ min: 0, max: 400 }))
      .map(([first, units, times]) => first + units.join("").repeat(times));
    fc.assert(
      fc.property(text, fc.option(text), (name, image) => {
        const profile = profileOf({ id: "a".repeat(195), name, image });
        expect(bytes({ ...profile, connectedAt })).toBeLessThanOrEqual(1_024);
        expect(profile.name.length).toBeLessThanOrEqual(200);
        expect(name.toWellFormed().startsWith(profile.name)).toBe(true);
      }),
    );
  });

  it("cuts a name at 200 characters and not inside of a surrogate pair, and leaves out an image that does not fit", () => {
    expect(profileOf({ id: "a", name: "x".repeat(201) }).name).toBe("x".repeat(200));
    expect(profileOf({ id: "a", name: `${"x".repeat(199)}😀` }).name).toBe("x".repeat(199));
    expect(profileOf({ id: "a", name: `${"x".repeat(198)}😀` }).name).toBe(`${"x".repeat(198)}😀`);
    expect(profileOf({ id: "a", name: "Ada", image: "x".repeat(900) })).toHaveProperty("image");
    expect(profileOf({ id: "a", name: "Ada", image: "x".repeat(1_000) })).not.toHaveProperty("image");
  });

  it("bounds the author of a message in the same way, and keeps when the author connected", () => {
    const author = { userId: "a", name: "x".repeat(300), image: "y".repeat(2_000), connectedAt };
    expect(boundedAuthor(author)).toEqual({ userId: "a", name: "x".repeat(200), connectedAt });
  });
});
