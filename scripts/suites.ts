import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A script `test` or `test:<name>` of a workspace package. */
export interface Suite {
  /** Turbo's name for it: `@halyard/server#test`. */
  readonly id: string;
  readonly package: string;
  readonly task: string;
  /** What people call it: `server`, `suites e2e`. */
  readonly label: string;
  /** Where the script writes its vitest JSON report, which turbo keeps with the cached task. */
  readonly report: string;
}

interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
}

const manifests = ["packages/*/package.json", "apps/*/package.json", "test/package.json"];

/** Finds every test suite of the workspace. */
export function findSuites(): Suite[] {
  return manifests
    .flatMap((pattern) => globSync(pattern).sort())
    .flatMap((path) => {
      const { name, scripts = {} } = JSON.parse(readFileSync(path, "utf8")) as Manifest;
      return Object.keys(scripts)
        .filter((task) => task === "test" || task.startsWith("test:"))
        .map((task) => ({
          id: `${name}#${task}`,
          package: name,
          task,
          label: `${name.replace("@halyard/", "")} ${task.slice("test:".length)}`.trimEnd(),
          report: join(dirname(path), ".reports", `${task.replace(":", "-")}.json`),
        }));
    });
}
