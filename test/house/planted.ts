import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findFaults, type Fault } from "../../scripts/house/rules.ts";
import { survey } from "../../scripts/house/survey.ts";

/** Writes files into a workspace of their own and tells what is wrong with it by one rule. */
export function faultsOf(rule: string, files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), "halyard-house-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return descriptionsOf(rule, findFaults(survey(root)));
  } finally {
    rmSync(root, { recursive: true });
  }
}

export function descriptionsOf(rule: string, faults: readonly Fault[]): string[] {
  return faults.filter((fault) => fault.rule === rule).map(({ what }) => what);
}
