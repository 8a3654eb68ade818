import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { collectPageErrors, launchChromium } from "../support/chromium.ts";
import { Program } from "../support/program.ts";
import { COMPILERS } from "../support/typescript.ts";
import type { Compiler } from "../support/typescript.ts";
import { POLL } from "../support/wait.ts";
import { packageNames, Project } from "./project.ts";

describe("the packed tarballs, installed with npm in an empty project", () => {
  const project = new Project(inject("packedDirectory"));
  beforeAll(async () => {
    const vite = join(project.directory, "node_modules/vite/bin/vite.js");
    await project.run(
      binaryOf("node"),
      {},
      vite,
      ...["build", "web", "--outDir", "../built", "--emptyOutDir", "--logLevel", "error"],
    );
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
    expect(await project.run(binaryOf(runtime), {}, "imports.mjs")).toBe("all\n");
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

  it.each(["import", "require"])("every export has a file and its types for %s [s-H6]", (condition) => {
    for (const name of packageNames()) {
      const folder = join(project.directory, "node_modules/@halyard", name);
      const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
        readonly exports: Readonly<Record<string, Readonly<Record<string, Record<string, string>>>>>;
      };
      const extensions = condition === "import" ? [".js", ".d.ts"] : [".cjs", ".d.cts"];
      for (const conditions of Object.values(exports)) {
        const { types = "", ...files } = conditions[condition] ?? {};
        for (const file of [types, ...Object.values(files)]) {
          expect(file).toContain(extensions[file === types ? 1 : 0]);
          expect(existsSync(join(folder, file)), file).toBe(true);
        }
      }
    }
  });

  // Node10 ends with TypeScript 6.
  it.each([
    { what: "module node16", config: "tsconfig.node16.json", compiler: "typescript" },
    { what: "moduleResolution node10", config: "tsconfig.json", compiler: "typescript-5.9" },
  ] as const)("a CommonJS project type-checks with $what [s-H6]", async ({ config, compiler }) => {
    const diagnostics = await diagnose(`commonjs/${config}`, compiler);
    expect(diagnostics.filter((line) => !/^node_modules\/(?!@halyard)/.test(line))).toEqual([]);
  });

  it("NestJS with server and client, compiled to CommonJS, passes its test in plain Jest [s-H6]", async () => {
    await diagnose("commonjs/tsconfig.json", "typescript-5.9");
    const jest = join(project.directory, "node_modules/jest/bin/jest.js");
    const options = [
      "--rootDir",
      "commonjs/built",
      "--testRegex",
      "jest.js$",
      "--transform",
      "{}",
      "--json",
      "--silent",
    ];
    const { output } = await project.attempt(binaryOf("node"), {}, jest, ...options);
    expect(output).toContain('"numPassedTests":1,');
    expect(output).toContain('"numFailedTests":0,');
  });

  it.each(["node", "bun"] as const)(
    "a server of the packages on %s talks to their client on Node",
    async (runtime) => {
      await serving(runtime, async (port) => {
        const output = await project.run(binaryOf("node"), {}, "talk.ts", port);
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

  it("two tabs of the Vite frontend share one socket with share, whose code the build has put into a file that only they load", async () => {
    const browser = await launchChromium();
    try {
      await serving("node", async (port) => {
        const context = await browser.newContext();
        const sockets: string[] = [];
        const scripts: string[] = [];
        const pageErrors: string[][] = [];
        const openPage = async (path: string) => {
          const page = await context.newPage();
          pageErrors.push(collectPageErrors(page));
          page.on("websocket", (socket) => sockets.push(socket.url()));
          page.on("response", (response) => scripts.push(response.url()));
          await page.goto(`http://127.0.0.1:${port}/${path}`);
          await expect.poll(() => page.title(), POLL).toBe("ada chose 2, twice that is 4");
          await expect.poll(() => page.locator("body").innerText(), POLL).toBe("delivered");
        };
        await openPage("");
        expect(scripts.filter((url) => url.includes("shared-socket"))).toEqual([]);
        await openPage("?share");
        expect(scripts.filter((url) => url.includes("shared-socket"))).toHaveLength(1);
        expect(sockets).toHaveLength(2);
        await openPage("?share");
        expect(sockets).toHaveLength(2);
        expect(pageErrors.flat()).toEqual([]);
      });
    } finally {
      await browser.close();
    }
  });

  /** The first line of each diagnostic of the compiler, for a project and for all declarations that it uses. */
  async function diagnose(config: string, compiler: Compiler): Promise<string[]> {
    const tsc = join(project.directory, "node_modules", compiler, "bin/tsc");
    const { output } = await project.attempt(binaryOf("node"), {}, tsc, "--pretty", "false", "-p", config);
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
