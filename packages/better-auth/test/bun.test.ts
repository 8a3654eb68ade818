import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const packageDirectory = fileURLToPath(new URL("..", import.meta.url));
// `pnpm test:bun` names another version.
const bun = process.env["HALYARD_BUN"] ?? fileURLToPath(new URL("../node_modules/.bin/bun", import.meta.url));

it("passes every test of this package on Bun, with bun:sqlite", { timeout: 120_000 }, async () => {
  const env = { ...process.env, NODE_ENV: "test" };
  const { stderr } = await promisify(execFile)(bun, ["test", "./src"], { cwd: packageDirectory, env });
  expect(stderr).toMatch(/^ [1-9]\d* pass$/m);
  expect(stderr).toMatch(/^ 0 fail$/m);
});
