import { expect, it } from "vitest";
import { compile, project } from "../support/typescript.ts";

const SAME = `type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;`;

/** Whether `request.raw` has this type in a program with these imports. */
function program(imports: string, type: string): string {
  return `${imports}
    import type { UpgradeRequest } from "@halyard/server";
    ${SAME}
    export const isSame: Same<UpgradeRequest["raw"], ${type}> = true;`;
}

it.each([
  ["node", `import type {} from "@halyard/server/node";`, `import("node:http").IncomingMessage`],
  ["bun", `import type {} from "@halyard/server/bun";`, "Request"],
  ["no runtime", "", "unknown"],
])(
  "the raw request of an upgrade has the type of %s, whose entry a program imports [s-S8]",
  async (name, imports, type) => {
    const directory = project(`raw-${name.replace(" ", "-")}`, { "a.ts": program(imports, type) });
    expect(await compile("typescript", directory)).toEqual({ ok: true, output: "" });
  },
);
