// A small part of `pnpm storm --distinct`: visitors who come once and never again leave nothing behind.
import { describe, expect, it } from "vitest";
import { distinct } from "../storm/distinct.ts";
import { IS_LONG } from "../support/long-run.ts";

describe.each(["node", "bun"] as const)(
  "visitors with users, clients and rooms of their own, on %s",
  (runtime) => {
    it("leave nothing behind once everything has passed its age", async () => {
      for (const bound of await distinct(runtime, IS_LONG ? 100_000 : 1_000))
        expect(bound).toMatchObject({ holds: true });
    }, 300_000);
  },
);
