import ts from "typescript";
import { lineOf, walk } from "./files.ts";

/** An identifier, or the title of a test. */
export interface Name {
  readonly kind: "identifier" | "title";
  readonly text: string;
  readonly line: number;
}

const testFunctions = new Set(["test", "it", "describe", "bench", "suite"]);

/** Every identifier of a file, quoted property names included, and every title of a test. */
export function findNames(ast: ts.SourceFile): Name[] {
  const names: Name[] = [];
  walk(ast, (node) => {
    const add = (kind: Name["kind"], text: string) => names.push({ kind, text, line: lineOf(node) });
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) add("identifier", node.text);
    else if (ts.isStringLiteral(node) && isPropertyName(node)) add("identifier", node.text);
    else if (ts.isCallExpression(node)) for (const title of titlesOf(node)) add("title", title);
  });
  return names;
}

/** A quoted property name such as `"content-type"`; a key with a space or a slash is a text. */
function isPropertyName(node: ts.StringLiteral): boolean {
  const { parent } = node;
  return "name" in parent && parent.name === node && /^[\w-]+$/.test(node.text);
}

/** The title of a test, and the texts of its table. */
function titlesOf(call: ts.CallExpression): string[] {
  const [title, ...rest] = call.arguments;
  if (title === undefined || !isText(title) || !takesTitle(call, rest.at(-1))) return [];
  const text = title.getText();
  return [text, ...(/%|\$/.test(text) ? textsOfTable(call.expression) : [])];
}

/** `test("…", …)`, `describe.each(…)("…", …)`, and wrappers such as `onEachRuntime("…", () => …)`. */
function takesTitle({ expression }: ts.CallExpression, last: ts.Expression | undefined): boolean {
  if (testFunctions.has(rootOf(expression))) return true;
  return ts.isIdentifier(expression) && last !== undefined && ts.isFunctionLike(last);
}

/** The name that a chain of members and calls starts with: `it` of `it.skipIf(x).each(rows)`. */
export function rootOf(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return rootOf(node.expression);
  if (ts.isTaggedTemplateExpression(node)) return rootOf(node.tag);
  return "";
}

/** The texts in the rows of `each([…])`, which a title shows in place of `%s` and `$name`. */
function textsOfTable(expression: ts.Expression): string[] {
  if (!ts.isCallExpression(expression)) return [];
  const texts: string[] = [];
  const collect = (node: ts.Node, depth: number) => {
    if (isText(node)) texts.push(node.getText());
    else if (depth < 3 && !ts.isFunctionLike(node))
      ts.forEachChild(node, (child) => collect(child, depth + 1));
  };
  for (const argument of expression.arguments) collect(argument, 0);
  return texts;
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}
