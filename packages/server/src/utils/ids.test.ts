import { expect, it } from "vitest";
import { newMessageId } from "./ids.ts";

it("makes random ids of 22 characters, also when the pool of random bytes is used up", () => {
  const ids = Array.from({ length: 1_000 }, newMessageId);
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
});
