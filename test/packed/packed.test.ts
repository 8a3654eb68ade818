import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { Project } from "./project.ts";

describe("the packed tarballs, installed with npm in an empty project", () => {
  const project = new Project();
  beforeAll(() => project.install());
  afterAll(() => {
    project.remove();
  });

  it("type-check with every strict flag, and their own declarations too", async () => {
    await expect(project.run("npx", "tsc", "--noEmit", "-p", ".")).resolves.toBe("");
  });

  it.each(["node", "bun"] as const)("serve on %s and talk to the client", async (runtime) => {
    const server = await project.serve(runtime);
    try {
      const said = await project.run(binaryOf("node"), "talk.ts", server.port);
      expect(said.trim().split("\n").sort()).toEqual(["delivered", '{"option":2,"by":"ada","doubled":4}']);
    } finally {
      server.stop();
    }
  });

  it("build a Vite frontend without zod in it", async () => {
    await project.run("npx", "vite", "build", "web", "--outDir", "../built", "--logLevel", "error");
    const assets = join(project.directory, "built/assets");
    const bundle = readdirSync(assets).map((file) => readFileSync(join(assets, file), "utf8")).join("");
    expect(bundle).toContain("halyard.v1");
    expect(bundle).not.toMatch(/ZodError|\$ZodType|invalid_union/);
  });
});
