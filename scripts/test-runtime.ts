// `pnpm test:node 22.12.0 server`, `pnpm test:bun latest conformance`: runs suites on another version of Node or Bun.
// The packages are built on the Node of the workspace. Another Node runs vitest and the servers that a suite starts on Node;
// another Bun runs the servers that a suite starts on Bun. No result comes from the cache of turbo.
import { delimiter, join } from "node:path";
import { run } from "./command.ts";
import type { SuiteResult } from "./suite-result.ts";
import { runSuite } from "./run-suite.ts";
import { installRuntime, type RuntimeName } from "./runtimes.ts";
import { chooseSuites } from "./suites.ts";
import { summarize } from "./summary.ts";

const [runtime = "", version, ...words] = process.argv.slice(2).filter((word) => word !== "--");
if (!isRuntime(runtime) || version === undefined) {
  throw new Error("Usage: test-runtime.ts node|bun <version> [suites]");
}

const start = performance.now();
const directory = installRuntime(runtime, version);
const binary = join(directory, runtime);
process.stdout.write(`Running on ${binary}\n`);
const node = runtime === "node" ? binary : process.execPath;
const env = {
  ...process.env,
  [runtime === "node" ? "HALYARD_NODE" : "HALYARD_BUN"]: binary,
  PATH: `${directory}${delimiter}${process.env["PATH"] ?? ""}`,
};

const failures = (await run("turbo", ["run", "build"], { quiet: true })) === 0 ? [] : ["the build failed"];
const suites: SuiteResult[] = [];
for (const suite of chooseSuites(words)) suites.push(await runSuite(suite, env, node));
process.exitCode = summarize({ suites, failures, durationMs: performance.now() - start }) ? 0 : 1;

function isRuntime(name: string): name is RuntimeName {
  return name === "node" || name === "bun";
}
