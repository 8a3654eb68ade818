import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { collectPageErrors, launchChromium } from "../support/chromium.ts";
import { Program } from "../support/program.ts";
import { COMPILERS } from "../support/typescript.ts";
import type { Compiler } from "../support/typescript.ts";
import { POLL } from "../support/wait.ts";
import { packageNames, Project } from "./project.ts";

describe("the packed tarballs, installed with npm in an empty project", () => {
  const project = new Project();
  beforeAll(async () => {
    await project.install();
    const vite = join(project.directory, "node_modules/vite/bin/vite.js");
    await project.run(
      binaryOf("node"),
      vite,
      ...["build", "web", "--outDir", "../built", "--emptyOutDir", "--logLevel", "error"],
    );
  });
  afterAll(() => {
    project.remove();
  });

  it.each(packageNames())(
    "@halyard/%s has a readme, its licence, sources to step into, and no tests",
    (name) => {
      const files = readdirSync(join(project.directory, "node_modules/@halyard", name), { recursive: true });
      expect(files).toEqual(expect.arrayContaining(["README.md", "LICENSE", "package.json", "src/index.ts"]));
      expect(files.filter((file) => /\.test(-d)?\.ts$|^test\/|tsconfig|turbo/.test(String(file)))).toEqual(
        [],
      );
      const map = readFileSync(
        join(project.directory, "node_modules/@halyard", name, "dist/index.js.map"),
        "utf8",
      );
      const { sources } = JSON.parse(map) as { readonly sources: string[] };
      const own = sources.filter((source) => !source.includes("node_modules"));
      expect(files.map((file) => `../${String(file)}`)).toEqual(expect.arrayContaining(own));
    },
  );

  it.each(["node", "bun"] as const)("every export of the packages can be imported on %s", async (runtime) => {
    const imports = project.exports().map((path) => `await import(${JSON.stringify(path)});`);
    writeFileSync(join(project.directory, "imports.mjs"), `${imports.join("\n")}\nconsole.log("all");`);
    expect(await project.run(binaryOf(runtime), "imports.mjs")).toBe("all\n");
  });

  it.each(COMPILERS)(
    "a project with the packages and their declarations type-checks with every strict flag and %s",
    async (compiler) => {
      expect(await diagnose("tsconfig.json", compiler)).toEqual([]);
      expect(await diagnose("web/tsconfig.json", compiler)).toEqual([]);
    },
  );

  // The declarations of these libraries fail this check themselves: their own diagnostics are left out.
  it.each([
    { what: "a server on Bun", config: "tsconfig.bun.json", others: /^node_modules\/bun-types\// },
    { what: "a server with Better Auth", config: "tsconfig.auth.json", others: /^node_modules\/@?better-/ },
  ])("the packages type-check in $what", async ({ config, others }) => {
    const diagnostics = await diagnose(config, "typescript");
    expect(diagnostics.filter((line) => !others.test(line))).toEqual([]);
  });

  it.each(["node", "bun"] as const)(
    "a server of the packages on %s talks to their client on Node",
    async (runtime) => {
      await serving(runtime, async (port) => {
        const output = await project.run(binaryOf("node"), "talk.ts", port);
        expect(output.trim().split("\n").sort()).toEqual([
          "delivered",
          '{"option":2,"by":"ada","doubled":4}',
        ]);
      });
    },
  );

  it("a Vite frontend with the packages talks to the server and has no zod in its bundle", async () => {
    const assets = join(project.directory, "built/assets");
    const bundle = readdirSync(assets)
      .map((file) => readFileSync(join(assets, file), "utf8"))
      .join("");
    expect(bundle).toContain("halyard.v1");
    expect(bundle).not.toMatch(/ZodError|\$ZodType|invalid_union/);

    const browser = await launchChromium();
    try {
      await serving("node", async (port) => {
        const page = await browser.newPage();
        const pageErrors = collectPageErrors(page);
        await page.goto(`http://127.0.0.1:${port}/`);
        await expect.poll(() => page.title(), POLL).toBe("ada chose 2, twice that is 4");
        await expect.poll(() => page.locator("body").innerText(), POLL).toBe("delivered");
        expect(pageErrors).toEqual([]);
      });
    } finally {
      await browser.close();
    }
  });

  /** The first line of each diagnostic of the compiler, for a project and for all declarations that it uses. */
  async function diagnose(config: string, compiler: Compiler): Promise<string[]> {
    const tsc = join(project.directory, "node_modules", compiler, "bin/tsc");
    const { output } = await project.attempt(binaryOf("node"), tsc, "--pretty", "false", "-p", config);
    return output.split("\n").filter((line) => /^\S/.test(line));
  }

  async function serving(runtime: Runtime, use: (port: string) => Promise<void>): Promise<void> {
    const server = new Program(binaryOf(runtime), [`server-${runtime}.ts`], { cwd: project.directory });
    try {
      const [port] = await server.prints(/^\d+$/m);
      await use(port);
      expect(server.errors).toBe("");
    } finally {
      await server.end();
    }
  }
});
