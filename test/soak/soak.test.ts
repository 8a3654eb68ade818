import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { plainEnvironment } from "../support/program.ts";

const run = promisify(execFile);
const main = join(import.meta.dirname, "main.ts");

/** Runs a soak of 20 s, and expects that no promise was broken. @returns its report */
async function soak(...args: readonly string[]): Promise<string> {
  const command = [main, "--seconds", "20", "--seed", "4", ...args];
  const options = { env: plainEnvironment(), timeout: 110_000, maxBuffer: 2 ** 24 };
  const { stdout } = await run(binaryOf("node"), command, options).catch((error: unknown) => {
    throw new Error(String((error as { readonly stdout?: unknown }).stdout), { cause: error });
  });
  expect(stdout).toContain("No promise was broken.");
  return stdout;
}

it("a soak of twenty seconds breaks no guarantee and reports every kind of fault", async () => {
  const stdout = await soak();
  // A run without one of the faults would prove nothing about it.
  for (const fault of ["kill", "freeze", "cut", "cutAfter", "stall", "tab", "reload"])
    expect(stdout).toMatch(new RegExp(`^faults .*\\b${fault} [1-9]`, "m"));
  expect(Number(/^deliveries +(\d+)/m.exec(stdout)?.[1])).toBeGreaterThan(1_000);
  expect(stdout).toMatch(/^Chromium +13\.3 s +frozen, and live \d+ ms after it woke$/m);
  expect(Number(/^gaps announced +(\d+) +lost/m.exec(stdout)?.[1])).toBeGreaterThan(0);
});

it("a soak of three nodes and a Redis breaks no guarantee while nodes and Redis are killed, stopped and cut off", async () => {
  const stdout = await soak("--nodes", "3", "--redis");
  for (const fault of ["kill", "redisKill", "redisPause", "redisCutPushes", "redisCutCommands"])
    expect(stdout).toMatch(new RegExp(`^faults .*\\b${fault} [1-9]`, "m"));
  expect(Number(/^deliveries +(\d+)/m.exec(stdout)?.[1])).toBeGreaterThan(1_000);
});

it("an invalid option ends the soak with exit code 1 and no output", async () => {
  for (const wrong of [["--seconds", "0"], ["--seed", "x"], ["--what"]])
    await expect(run(binaryOf("node"), [main, ...wrong])).rejects.toMatchObject({ code: 1, stdout: "" });
});
