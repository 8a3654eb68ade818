// `pnpm count:tests ../before`: counts the tests and assertions in the source of each suite, beside those of another checkout.
// Fails when a suite has fewer tests or assertions than there. Without a checkout it prints the counts.
import { globSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";
import { isSource, listFiles, readSource, walk, type SourceFile } from "./house/files.ts";
import { readLines } from "./house/lines.ts";
import { rootOf } from "./house/names.ts";
import { table, type Cell } from "./table.ts";

interface Count {
  /** Calls of `test` and `it`; those with a table count once. */
  readonly tests: number;
  /** Literal rows in the tables of `each` and `for`. */
  readonly rows: number;
  /** Calls of functions whose names begin with `expect` or `assert`, and `@ts-expect-error` comments. */
  readonly assertions: number;
}

const none: Count = { tests: 0, rows: 0, assertions: 0 };
const [other] = process.argv.slice(2).filter((argument) => argument !== "--");

const now = countSuites(".");
const before = other === undefined ? now : countSuites(resolve(other));
const suites = [...new Set([...before.keys(), ...now.keys()])].map((name) => ({
  name,
  before: before.get(name) ?? none,
  now: now.get(name) ?? none,
}));
const head = ["suite", "tests", "before", "±", "rows", "before", "±", "assertions", "before", "±"];
const total = {
  name: "all",
  before: suites.map((suite) => suite.before).reduce(add, none),
  now: suites.map((suite) => suite.now).reduce(add, none),
};
process.stdout.write(`${table(head, [...suites, total].map(rowOf))}\n`);

const fewer = suites.filter((suite) =>
  (["tests", "assertions"] as const).some((key) => suite.now[key] < suite.before[key]),
);
for (const { name } of fewer) process.stdout.write(`✗ ${name} has fewer tests or assertions than before\n`);
process.exitCode = fewer.length === 0 ? 0 : 1;

function rowOf(suite: (typeof suites)[number]): Cell[] {
  const keys = ["tests", "rows", "assertions"] as const;
  return [
    suite.name,
    ...keys.flatMap((key) => [suite.now[key], suite.before[key], suite.now[key] - suite.before[key]]),
  ];
}

/** The counts of each package, app and suite of `test/`, by folder. Folders without tests are left out. */
function countSuites(root: string): Map<string, Count> {
  const folders = globSync(["packages/*/", "apps/*/", "test/*/"], { cwd: root })
    .map((folder) => folder.replace(/\/$/, ""))
    .sort();
  const counts = folders.map((folder) => {
    const files = listFiles(root, folder).filter(isSource);
    return [folder, files.map((path) => countFile(readSource(root, path))).reduce(add, none)] as const;
  });
  return new Map(counts.filter(([, { tests, assertions }]) => tests + assertions > 0));
}

function countFile({ ast }: SourceFile): Count {
  let count = none;
  walk(ast, (node) => {
    if (!ts.isCallExpression(node)) return;
    if (isTestCall(node)) count = add(count, { ...none, tests: 1, rows: rowsOfTable(node.expression) });
    else if (isAssertion(node.expression)) count = add(count, { ...none, assertions: 1 });
  });
  const directives = readLines(ast).texts.filter((text) => /^\/[/*]\s*@ts-expect-error/.test(text)).length;
  return add(count, { ...none, assertions: directives });
}

/** `it("…", …)` and `it.each(…)("…", …)`, but not `it.each(…)` itself. */
function isTestCall({ expression, arguments: [title, body] }: ts.CallExpression): boolean {
  if (!["test", "it"].includes(rootOf(expression)) || title === undefined || body === undefined) return false;
  return ts.isStringLiteralLike(title) || ts.isTemplateExpression(title) || ts.isCallExpression(expression);
}

function isAssertion(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return /^(expect|assert)/.test(callee.text);
  if (!ts.isPropertyAccessExpression(callee) || !ts.isIdentifier(callee.expression)) return false;
  const { text } = callee.expression;
  return text === "assert" || (text === "expect" && /^(soft|poll|fail|unreachable)$/.test(callee.name.text));
}

function rowsOfTable(callee: ts.Expression): number {
  const [rows] = ts.isCallExpression(callee) ? callee.arguments : [];
  const list = rows !== undefined && ts.isAsExpression(rows) ? rows.expression : rows;
  return list !== undefined && ts.isArrayLiteralExpression(list) ? list.elements.length : 0;
}

function add(a: Count, b: Count): Count {
  return { tests: a.tests + b.tests, rows: a.rows + b.rows, assertions: a.assertions + b.assertions };
}
