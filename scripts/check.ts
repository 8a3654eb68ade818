// `pnpm check`: the checks that every change must pass. All steps run, also after a failure; the closing table has the result of each.
import { run } from "./command.ts";
import { duration, table } from "./table.ts";

interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const turbo = (...tasks: string[]): Step["command"] => [
  "turbo",
  "run",
  ...tasks,
  "--continue=dependencies-successful",
];

const steps: readonly Step[] = [
  { name: "format", command: ["prettier", "--check", ".", "--cache", "--log-level=warn"] },
  { name: "build", command: turbo("build") },
  { name: "lint", command: turbo("lint", "lint:root") },
  { name: "types", command: turbo("typecheck", "typecheck:root") },
  { name: "types, TypeScript 5.9", command: turbo("typecheck:oldest") },
  { name: "types, TypeScript 7", command: turbo("typecheck:newest") },
  { name: "tests", command: ["node", "scripts/test.ts"] },
  { name: "house", command: ["node", "scripts/house.ts"] },
  { name: "unused code", command: ["knip"] },
  { name: "packages", command: turbo("check:package") },
  { name: "sizes", command: ["size-limit"] },
];

const results = [];
for (const { name, command } of steps) {
  process.stdout.write(`\n── ${name}\n`);
  const start = performance.now();
  const [program, ...args] = command;
  const succeeded = (await run(program, args)) === 0;
  results.push({ name, succeeded, durationMs: performance.now() - start });
}

const rows = results.map((step) => [step.name, duration(step.durationMs), step.succeeded ? "ok" : "failed"]);
process.stdout.write(`\n${table(["check", "time", "result"], rows)}\n`);
process.exitCode = results.every((step) => step.succeeded) ? 0 : 1;
