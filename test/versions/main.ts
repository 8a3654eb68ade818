/**
 * Runs the conformance suite of an earlier commit, with the clients of that commit, against today's server, and today's suite
 * and clients against the server of that commit. Prints what fails and is not a known difference, and what is known and passes.
 *
 *   pnpm test:versions
 *   pnpm test:versions outage.test.ts resume.test.ts
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isKnown, unseen } from "./differences.ts";
import type { Pairing } from "./differences.ts";
import { EarlierVersion, FIRST_VERSION } from "./earlier-version.ts";

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const PACKAGES = ["protocol", "client", "server", "better-auth", "testing"];
const VITEST = join(import.meta.dirname, "../../node_modules/vitest/vitest.mjs");
/** Suites about load and about the built packages; `versions` is this, in small. */
const EXCLUDED = ["many-connects", "storm", "fuzz", "slow-reader", "large-channel", "crowd", "versions"];
/** Today's backplanes with several nodes are for today's server (support/places.ts). */
const WITHOUT_STORE = "^(?!.* with (shared backplane|Redis) )";
const files = process.argv.slice(2).filter((word) => word !== "--");

const earlier = new EarlierVersion();
try {
  await earlier.build(PACKAGES);
  const clients = earlier.suites("commit", ["client", "testing"]);
  allowOrigin(clients);
  run("earlier clients", `The clients and the suite of ${FIRST_VERSION} at today's server`, clients);
  const server = earlier.suites("today", ["protocol", "server", "better-auth"]);
  run("earlier server", `Today's clients and suite at the server of ${FIRST_VERSION}`, server);
} finally {
  earlier.remove();
}

/** The fixture of that commit names no origin: then every origin was allowed, and now only the server's own is. */
function allowOrigin(directory: string): void {
  const file = join(directory, "fixtures/app.ts");
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    text.replace("    limits: {", '    allowedOrigins: ["http://app.test"],\n    limits: {'),
  );
}

function run(pairing: Pairing, title: string, cwd: string): void {
  process.stdout.write(`\n${title}\n`);
  const output = join(cwd, "report.json");
  const args = ["run", "--project", "conformance", "--reporter=json", `--outputFile=${output}`, ...files];
  args.push(`--testNamePattern=${WITHOUT_STORE}`);
  for (const name of EXCLUDED) args.push("--exclude", `**/${name}.test.ts`);
  spawnSync(process.execPath, [VITEST, ...args], { cwd, stdio: ["ignore", "ignore", "inherit"] });
  const tests = (JSON.parse(readFileSync(output, "utf8")) as Report).testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== "skipped");
  const failed = tests.filter(({ status }) => status !== "passed");
  const unknown = failed.filter(({ fullName }) => !isKnown(pairing, fullName));
  for (const { fullName, failureMessages = [] } of unknown)
    process.stdout.write(`✗ ${fullName}\n    ${(failureMessages[0] ?? "").slice(0, 400)}\n`);
  const names = failed.map(({ fullName }) => fullName);
  const stale = files.length === 0 ? unseen(pairing, names) : [];
  for (const { why } of stale) process.stdout.write(`✗ no difference any more: ${why}\n`);
  const known = failed.length - unknown.length;
  process.stdout.write(
    `${String(tests.length - failed.length)} passed, ${String(known)} known differences, ${String(unknown.length)} failed\n`,
  );
  if (tests.length === 0 || unknown.length > 0 || stale.length > 0) process.exitCode = 1;
}
