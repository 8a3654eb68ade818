// What a server with nothing but defaults prints, in a process of its own, on both runtimes.
import { createMemoryBackplane } from "@halyard/server";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { Scene, expectRow } from "./scene.ts";

const scene = new Scene();
const FIXTURE = join(import.meta.dirname, "../../fixtures/speaks.ts");
const BUN =
  process.env["HALYARD_BUN"] ??
  join(dirname(createRequire(import.meta.url).resolve("bun/package.json")), "bin/bun.exe");

interface Printed {
  readonly out: string;
  readonly err: string;
}

async function run(
  program: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Printed> {
  const child = spawn(program, [FIXTURE, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out, err };
}

it.each([
  ["node", process.execPath],
  ["bun", BUN],
])(
  "on %s a handler that throws and a wrong path are each on stderr once, with stack and count [s-M1]",
  async (_name, program) => {
    const { out, err } = await run(program);
    expect(out).toContain('["rejected","rejected","rejected"]');
    const failed =
      "[halyard] the application's code failed (type: chat_message, userId: ada): RangeError: no such room";
    expect(err.split(`${failed}\n`)).toHaveLength(2);
    expect(err).toMatch(/\n {4}at (failingHandler|<anonymous>|.*speaks\.ts)/);
    expect(err).toContain(`${failed} (2 more times)`);
    expect(
      err.match(/a client asked for a WebSocket at \/socket, which nothing serves: the path is \/ws/g),
    ).toHaveLength(1);
  },
);

it("says that a second system has taken the backplane of the first, and not when the first is closed", async () => {
  const backplane = createMemoryBackplane();
  const first = scene.system({ backplane });
  await first.manager.close();
  scene.system({ backplane });
  expect(scene.lines).toEqual([]);
  scene.system({ backplane });
  await expectRow("backplane-of-two", scene.said);
  expect(scene.lines).toHaveLength(1);
});

it("says that a worker of node:cluster and an instance of PM2 know only their own connections, and nothing else does [s-M8]", async () => {
  const sign = "this process is ";
  const worker = await run(process.execPath, ["cluster"]);
  await expectRow("several-processes", { server: () => worker.err });
  expect(worker.err.split(sign)).toHaveLength(2);
  const second = await run(process.execPath, [], { pm_id: "4", NODE_APP_INSTANCE: "1" });
  expect(second.err).toContain(`${sign}instance 1 of several under PM2`);
  const alone = await run(process.execPath, [], { pm_id: "0", NODE_APP_INSTANCE: "0" });
  expect(alone.err).not.toContain(sign);
  expect(scene.lines).toEqual([]);
});
