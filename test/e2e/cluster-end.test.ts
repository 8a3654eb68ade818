// How `demo:cluster` ends: no process of it stays behind, whenever and however often it is told to end.
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { findFreePort } from "../../scripts/free-port.ts";
import { Program } from "../support/program.ts";
import { until } from "../support/wait.ts";
import { DEMO } from "./demo-server.ts";

const START_MS = 60_000;
let data: string;

beforeEach(() => {
  data = realpathSync(mkdtempSync(join(tmpdir(), "halyard-cluster-end-")));
});
afterEach(() => {
  rmSync(data, { recursive: true, force: true });
});

function run(port: string): Program {
  const env = { PORT: port, DATA: data };
  return new Program(binaryOf("node"), ["cluster/main.ts"], { cwd: DEMO, env });
}

/** Whether the Redis of the cluster runs, whose folder is that of the data. */
function isRedisRunning(): boolean {
  return readdirSync("/proc").some((id) => {
    try {
      return /^\d+$/.test(id) && readlinkSync(`/proc/${id}/cwd`) === data;
    } catch {
      // The process has ended, or belongs to another user.
      return false;
    }
  });
}

it("a cluster that gets Ctrl+C again and again, as a package manager passes it on, ends its Redis", async () => {
  const program = run(String(await findFreePort()));
  await program.prints(/three nodes on one Redis/, START_MS);
  expect(isRedisRunning()).toBe(true);
  const ended = program.end("SIGINT");
  const again = setInterval(() => {
    program.signal("SIGINT");
  }, 1);
  const code = await ended.finally(() => {
    clearInterval(again);
  });
  expect({ code, isRedisRunning: isRedisRunning() }).toEqual({ code: 0, isRedisRunning: false });
});

it("a cluster that is ended while it starts leaves no Redis behind, and reports no failure", async () => {
  const program = run(String(await findFreePort()));
  await until("its Redis to run", isRedisRunning, START_MS);
  expect(await program.end("SIGTERM")).toBe(0);
  expect({ errors: program.errors, isRedisRunning: isRedisRunning() }).toEqual({
    errors: "",
    isRedisRunning: false,
  });
});

it.each([
  { what: "no port", port: () => Promise.resolve("99999"), reason: /PORT is not a port: 99999/ },
  { what: "a port in use", port: takenPort, reason: /the port is in use/ },
])("a cluster that cannot listen on $what ends with the reason, without Redis", async ({ port, reason }) => {
  const program = run(await port());
  await until("the reason", () => reason.test(program.errors), START_MS);
  expect(await program.end("SIGCONT")).toBe(1);
  expect(isRedisRunning()).toBe(false);
});

it.each(["node", "bun"] as const)(
  "a node on %s that cannot listen ends, though it looks for Redis",
  async (runtime) => {
    const env = {
      PORT: await takenPort(),
      DATABASE: join(data, "demo.db"),
      REDIS_URL: "redis://127.0.0.1:1",
    };
    const program = new Program(binaryOf(runtime), [`dist/server/${runtime}.js`], { cwd: DEMO, env });
    await until("the reason", () => program.errors.includes("the port is in use"), START_MS);
    expect(await program.end("SIGCONT")).toBe(1);
  },
);

/** A port on which another server listens until the end of the tests. */
async function takenPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  return String((server.address() as AddressInfo).port);
}
