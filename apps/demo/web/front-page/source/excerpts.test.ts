import { expect, it } from "vitest";
import type { ExcerptName } from "./excerpts.ts";
import { exampleOf, excerptOf } from "./excerpts.ts";

const NAMES: readonly ExcerptName[] = ["unplug", "double", "cuts", "kill", "cursors", "tabs", "contract"];

it.each(NAMES)("the example %s is short, and uses Halyard, React, zod and the contract only", (name) => {
  const { text } = excerptOf(name);
  expect(text).not.toMatch(/^import /m);
  expect(text.split("\n").length).toBeLessThanOrEqual(14);
  const modules = [...exampleOf(name).matchAll(/^import .* from "(.+)";$/gm)].map(([, module]) => module);
  for (const module of modules)
    expect(module).toMatch(/^@halyard\/[a-z]+$|^react$|^zod$|\/shared\/visit-protocol\.ts$/);
});
