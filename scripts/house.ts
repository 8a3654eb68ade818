// `pnpm house`: prints the sizes of folders, files and functions, and fails on a circle of imports, an upward import, a
// folder, file or function over its limit, and a forbidden word in a name.
// `pnpm house client demo` shows only the packages, apps and top-level folders with these names.
import { basename } from "node:path";
import { houseTable } from "./house/house-table.ts";
import { findFaults } from "./house/rules.ts";
import { survey } from "./house/survey.ts";

const names = process.argv.slice(2).filter((name) => name !== "--");
const found = survey(process.cwd());
const areas = found.areas.filter((area) => names.length === 0 || names.includes(basename(area)));
const faults = findFaults(found);
const shown = faults.filter(({ path }) => areas.some((area) => isIn(area, path)));

const parts = [
  houseTable(found, faults, areas),
  ...[...Map.groupBy(shown, ({ rule }) => rule)].map(([rule, list]) =>
    [`✗ ${rule}: ${list.length}`, ...list.map(({ what }) => `  ${what}`)].join("\n"),
  ),
  shown.length === 0
    ? "Nothing breaks a rule."
    : `${shown.length === 1 ? "One place breaks" : `${shown.length} places break`} a rule.`,
];
process.stdout.write(`${parts.join("\n\n")}\n`);
process.exitCode = shown.length === 0 && areas.length > 0 ? 0 : 1;

function isIn(area: string, path: string): boolean {
  return area === "." ? !path.includes("/") : path.startsWith(`${area}/`);
}
