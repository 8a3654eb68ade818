import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A script `test` or `test:<name>` of a workspace package. */
export interface Suite {
  /** The id of the task in turbo: `@halyard/server#test`. */
  readonly id: string;
  readonly package: string;
  readonly task: string;
  /** The name in tables and on the command line: `server`, `suites e2e`. */
  readonly label: string;
  /** The path of the JSON report of vitest, which turbo stores with the cached task. */
  readonly report: string;
  /** The folder of its package. */
  readonly directory: string;
  /** The text of the script. */
  readonly command: string;
}

interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
}

const manifests = ["packages/*/package.json", "apps/*/package.json", "test/package.json"];

/** The suites whose label contains one of the words; all suites when there are no words. */
export function chooseSuites(words: readonly string[]): Suite[] {
  return findSuites().filter(({ label }) => words.length === 0 || words.some((word) => label.includes(word)));
}

function findSuites(): Suite[] {
  return manifests
    .flatMap((pattern) => globSync(pattern).sort())
    .flatMap((path) => {
      const { name, scripts = {} } = JSON.parse(readFileSync(path, "utf8")) as Manifest;
      return Object.entries(scripts)
        .filter(([task]) => task === "test" || task.startsWith("test:"))
        .map(([task, command]) => ({
          id: `${name}#${task}`,
          package: name,
          task,
          label: `${name.replace("@halyard/", "")} ${task.slice("test:".length)}`.trimEnd(),
          report: join(dirname(path), ".reports", `${task.replace(":", "-")}.json`),
          directory: dirname(path),
          command,
        }));
    });
}
