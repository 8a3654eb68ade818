import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The texts that a row of docs/troubleshooting.md quotes. @throws Error without the row */
export function textsOf(id: string): string[] {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/troubleshooting.md"), "utf8");
  const row = page.split("\n").find((line) => line.includes(`<a id="${id}"></a>`));
  if (row === undefined) throw new Error(`docs/troubleshooting.md has no row ${id}`);
  return Array.from(row.matchAll(/(?:client|throws): `([^`]+)`/g), ([, text = ""]) => text);
}
