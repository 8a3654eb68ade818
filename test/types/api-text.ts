// The public API of a package as text, from the declarations that it publishes: what each entry exports, and every declaration.
// A declaration that is not exported is listed too, because exported ones are made of it.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const printer = ts.createPrinter({ removeComments: true });

/** @param directory of a package that has been built */
export function apiOf(directory: string): string {
  const dist = join(directory, "dist");
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
  const declarations = new Set<string>();
  for (const file of readdirSync(dist).filter((name) => name.endsWith(".d.ts")))
    for (const text of declarationsIn(join(dist, file))) declarations.add(text);
  const entries = Object.entries(manifest.exports).map(
    ([
      path,
      {
        import: { types },
      },
    ]) => {
      const names = exportedNames(join(directory, types));
      return `${join(manifest.name, path)} exports:\n${names.map((name) => `  ${name}\n`).join("")}`;
    },
  );
  return [...entries, ...[...declarations].sort()].join("\n");
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly import: { readonly types: string } }>>;
}

function exportedNames(path: string): string[] {
  const program = ts.createProgram([path], { module: ts.ModuleKind.NodeNext, noLib: true, types: [] });
  const source = program.getSourceFile(path);
  const checker = program.getTypeChecker();
  const symbol = source && checker.getSymbolAtLocation(source);
  if (symbol === undefined) throw new Error(`${path} is no module: build the package`);
  return checker
    .getExportsOfModule(symbol)
    .map(({ name }) => name)
    .sort();
}

/** Each statement without its comments, except imports and lists of exports, which name the files of the build. */
function declarationsIn(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  return source.statements
    .filter((statement) => !ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement))
    .map((statement) => shorten(printer.printNode(ts.EmitHint.Unspecified, statement, source)));
}

/** The type of a schema of zod can have a thousand lines. */
const MAX_LINES = 80;

function shorten(text: string): string {
  const lines = text.split("\n");
  if (lines.length <= MAX_LINES) return `${text}\n`;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return `${lines[0] ?? ""} … ${String(lines.length)} lines, SHA-256 ${digest}\n`;
}
