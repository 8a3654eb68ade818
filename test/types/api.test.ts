import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { apiOf } from "./api-text.ts";

const PACKAGES = join(import.meta.dirname, "../../packages");

it.each(readdirSync(PACKAGES))(
  "the public API of @halyard/%s is that of its api.snapshot: `pnpm api:update` after a change",
  async (name) => {
    const directory = join(PACKAGES, name);
    await expect(apiOf(directory)).toMatchFileSnapshot(join(directory, "api.snapshot"));
  },
);
