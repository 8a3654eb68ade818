import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { lineOf, walk, type SourceFile } from "./files.ts";

/** An import of one file of the workspace by another. */
export interface Import {
  readonly line: number;
  readonly target: string;
}

/** Resolves a module specifier to a file; undefined for a module from outside the workspace. */
export type Resolve = (specifier: string, importer: string) => string | undefined;

/** Every import of a file: values, types, `export from`, `import()` and the type `import("…").T`. */
export function findImports({ path, ast }: SourceFile, resolve: Resolve): Import[] {
  const imports: Import[] = [];
  walk(ast, (node) => {
    const specifier = specifierOf(node);
    const target = specifier === undefined ? undefined : resolve(specifier, path);
    if (target !== undefined) imports.push({ line: lineOf(node), target });
  });
  return imports;
}

function specifierOf(node: ts.Node): string | undefined {
  const expression = moduleExpressionOf(node);
  return expression !== undefined && ts.isStringLiteralLike(expression) ? expression.text : undefined;
}

function moduleExpressionOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return node.arguments[0];
  return undefined;
}

/** Resolves relative imports among `paths`, and `@halyard/x` to the source file of that package export. */
export function createResolver(root: string, paths: ReadonlySet<string>): Resolve {
  const manifests = [...paths].filter((path) => /^packages\/[^/]+\/package\.json$/.test(path));
  const entries = new Map(manifests.flatMap((path) => entriesOf(root, path)));
  return (specifier, importer) => {
    if (!specifier.startsWith(".")) return entries.get(specifier);
    const path = posix.join(posix.dirname(importer), specifier);
    const bare = path.replace(/\.js$/, "");
    return [path, `${bare}.ts`, `${bare}.tsx`, `${path}/index.ts`].find((candidate) => paths.has(candidate));
  };
}

function entriesOf(root: string, path: string): [specifier: string, path: string][] {
  const { name, exports = {} } = JSON.parse(readFileSync(join(root, path), "utf8")) as {
    readonly name: string;
    readonly exports?: Readonly<Record<string, { readonly import: { readonly default: string } }>>;
  };
  return Object.entries(exports).map(
    ([
      entry,
      {
        import: { default: file },
      },
    ]) => [
      posix.join(name, entry),
      posix.join(posix.dirname(path), file.replace("/dist/", "/src/").replace(/\.js$/, ".ts")),
    ],
  );
}
