// `pnpm test:runtimes`, and a part of `pnpm test:long`: the client in real runtimes, which npm and Debian have: the oldest Node, Bun, Deno,
// workerd and Firefox ESR. Each runs page-program.ts against a server in this process; the table says how it ended.
// Exits with 1 when one of them fails.
import { deepStrictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "../../scripts/free-port.ts";
import { installRuntime } from "../../scripts/runtimes.ts";
import type { RuntimeName } from "../../scripts/runtimes.ts";
import { findOrInstall } from "../../scripts/system-program.ts";
import { table } from "../../scripts/table.ts";
import { bundle } from "../support/bundle.ts";
import { startEchoServer } from "../support/echo-server.ts";
import { Program } from "../support/program.ts";
import { within } from "../support/wait.ts";
import { EXPECTED } from "./expected.ts";
import { runInFirefox } from "./firefox.ts";

const RUN_MS = 30_000;
const directory = mkdtempSync(join(tmpdir(), "halyard-runtimes-"));
const script = await bundle(import.meta.dirname, "page-program.ts", "iife");
const server = await startEchoServer();

/** Answers a request with what `drive` ends with. */
const WORKER = `
export default {
  fetch: async (request) => {
    try {
      return Response.json(await globalThis.drive({ url: new URL(request.url).searchParams.get("to") }));
    } catch (error) {
      return new Response(String(error?.stack ?? error), { status: 500 });
    }
  },
};
`;

const runs: Readonly<Record<string, () => Promise<unknown>>> = {
  "Node 22.12": () => runScript("node", "22.12.0", []),
  "Bun, newest": () => runScript("bun", "latest", []),
  "Deno, newest": () => runScript("deno", "latest", ["run", "--allow-net", "--allow-env"]),
  "workerd, newest": runWorker,
  "Firefox ESR": () =>
    runInFirefox({
      binary: findOrInstall({ candidates: ["firefox-esr"], debianPackage: "firefox-esr" }),
      profile: join(directory, "profile"),
      page: server.url.replace("ws:", "http:"),
      code: `${script}\ndrive({ url: "/ws?name=ada" })`,
    }),
};

const words = process.argv.slice(2);
const rows: string[][] = [];
for (const [name, run] of Object.entries(runs)) {
  if (words.length > 0 && !words.some((word) => name.toLowerCase().includes(word))) continue;
  try {
    deepStrictEqual(await within(run(), () => `${name} takes longer than it may`, RUN_MS * 4), EXPECTED);
    rows.push([name, "works"]);
  } catch (error) {
    process.exitCode = 1;
    rows.push([name, String(error)]);
  }
}
await server.close();
rmSync(directory, { recursive: true, force: true });
process.stdout.write(`${table(["runtime", "the client"], rows)}\n`);

/** Runs the script as a file of its own, with `drive` at its end. */
async function runScript(runtime: RuntimeName, version: string, args: readonly string[]): Promise<unknown> {
  const file = join(directory, `${runtime}.mjs`);
  const url = JSON.stringify(server.url);
  writeFileSync(file, `${script}\nconsole.log(JSON.stringify(await globalThis.drive({ url: ${url} })));\n`);
  const program = new Program(join(installRuntime(runtime, version), runtime), [...args, file], {
    cwd: directory,
  });
  try {
    const [line] = await program.prints(/^\{.*\}$/m, RUN_MS);
    return JSON.parse(line) as unknown;
  } finally {
    await program.end();
  }
}

async function runWorker(): Promise<unknown> {
  const port = await findFreePort();
  writeFileSync(join(directory, "worker.js"), script + WORKER);
  writeFileSync(join(directory, "config.capnp"), workerdConfig(port));
  const binary = join(installRuntime("workerd", "latest"), "workerd");
  const program = new Program(binary, ["serve", "config.capnp", "--verbose"], { cwd: directory });
  const address = `http://127.0.0.1:${String(port)}/?to=${encodeURIComponent(server.url)}`;
  try {
    for (let tries = 0; ; tries++) {
      const answer = await fetch(address, { signal: AbortSignal.timeout(RUN_MS) }).catch(() => undefined);
      const text = await answer?.text();
      if (text?.startsWith("{") === true) return JSON.parse(text) as unknown;
      if (tries > 100 || text !== undefined) throw new Error(`${text ?? ""}${program.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await program.end();
  }
}

function workerdConfig(port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${String(port)}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
  globalOutbound = "internet",
);
`;
}
