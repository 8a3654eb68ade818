import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile, COMPILERS, project } from "../support/typescript.ts";

const FIXTURES = join(import.meta.dirname, "fixtures/examples");
const PACKAGES = join(import.meta.dirname, "../../packages");
const read = (file: string) => readFileSync(join(FIXTURES, file), "utf8");

/** The chat; without React and the test kit as long as the package of React does not exist. */
function chat(): Readonly<Record<string, string>> {
  const source = read("chat.tsx");
  if (existsSync(join(PACKAGES, "react/dist/index.d.ts"))) return { "chat.tsx": source };
  const server = source.slice(0, source.indexOf("export const { HalyardProvider")).split("\n");
  const system = source.split("\n").filter((line) => line.startsWith("const system ="));
  const imports = server.filter((line) => !/^import .*(react|testing)/.test(line));
  return { "chat.ts": [...imports, ...system, "export { client, system };", ""].join("\n") };
}

const FILES = {
  "section4.ts": read("section4.ts"),
  "forms.ts": read("forms.ts"),
  "types.ts": read("types.ts"),
  "middleware.ts": read("middleware.ts"),
  "poll.ts": read("poll.ts"),
  ...chat(),
};

/** Options without the checks for unused code, because the examples are sketches. */
const OPTIONS = { types: ["node", "bun"], lib: ["ES2023", "DOM", "DOM.Iterable"], jsx: "react-jsx" };

describe.each(COMPILERS)("with %s", (compiler) => {
  it("the examples of the API design compile", async () => {
    const directory = project(`examples-${compiler}`, FILES, OPTIONS);
    expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
  });

  it("both directions are typed, and the compiler finds every planted mistake [s-P1] [s-P2] [s-P3] [s-P5] [s-P8]", async () => {
    const names = [
      "protocol.ts",
      "client.test-d.ts",
      "publisher.test-d.ts",
      "rules.test-d.ts",
      "server.test-d.ts",
    ];
    const files = names.map((file) => [file, readFileSync(join(import.meta.dirname, file), "utf8")] as const);
    const directory = project(`directions-${compiler}`, Object.fromEntries(files));
    expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
  });

  it("the declarations of the packages compile", async () => {
    const names = [
      "protocol",
      "protocol/wire",
      "server",
      "server/node",
      "server/bun",
      "server/publisher",
      "client",
    ];
    const text = names.map((name, n) => `export * as p${String(n)} from "@halyard/${name}";\n`).join("");
    const directory = project(`declarations-${compiler}`, { "index.ts": text }, { skipLibCheck: false });
    expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
  });

  it("a browser's project needs no types of Node or Bun", async () => {
    const text = `export * from "@halyard/client";\nexport * as protocol from "@halyard/protocol";\n`;
    const directory = project(
      `browser-${compiler}`,
      { "index.ts": text },
      { types: [], skipLibCheck: false },
    );
    expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
  });
});
