import ts from "typescript";
import { lineOf, walk } from "./files.ts";

export interface LongFunction {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

/** The lines of a file by kind. */
export interface Lines {
  /** The number of all lines, counted as eslint's `max-lines` does. */
  readonly total: number;
  /** The numbers of the lines that contain only comments. */
  readonly comments: ReadonlySet<number>;
  readonly blanks: ReadonlySet<number>;
  /** The text of each comment. */
  readonly texts: readonly string[];
}

export function readLines(ast: ts.SourceFile): Lines {
  const lines = ast.text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const ranges = findComments(ast);
  const comments = new Set(ranges.flatMap((range) => commentOnlyLines(ast, range)));
  const blanks = new Set(lines.flatMap((line, index) => (line.trim() === "" ? [index + 1] : [])));
  return {
    total: lines.length,
    comments,
    blanks,
    texts: ranges.map(({ pos, end }) => ast.text.slice(pos, end)),
  };
}

/** The longest function of a file, counted as eslint's `max-lines-per-function` does without blanks and comments. */
export function longestFunction(ast: ts.SourceFile, lines: Lines): LongFunction | undefined {
  let longest: LongFunction | undefined;
  walk(ast, (node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) return;
    const first = lineOf(node);
    const last = ast.getLineAndCharacterOfPosition(node.end).line + 1;
    let count = 0;
    for (let line = first; line <= last; line++) {
      if (!lines.blanks.has(line) && !lines.comments.has(line)) count++;
    }
    if (count > (longest?.lines ?? 0)) longest = { name: functionName(node), line: first, lines: count };
  });
  return longest;
}

function functionName(node: ts.SignatureDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  if (ts.isCallExpression(parent)) return `(callback of ${parent.expression.getText().slice(0, 30)})`;
  return "(anonymous)";
}

function findComments(ast: ts.SourceFile): ts.CommentRange[] {
  const found = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node) => {
    const children = node.getChildren(ast);
    if (children.length > 0) children.forEach(visit);
    else if (node.kind !== ts.SyntaxKind.JsxText)
      for (const it of commentsBefore(ast, node)) found.set(it.pos, it);
  };
  visit(ast);
  return [...found.values()].sort((a, b) => a.pos - b.pos);
}

function commentsBefore({ text }: ts.SourceFile, { pos }: ts.Node): ts.CommentRange[] {
  return [
    ...(ts.getTrailingCommentRanges(text, pos) ?? []),
    ...(ts.getLeadingCommentRanges(text, pos) ?? []),
  ];
}

function commentOnlyLines(ast: ts.SourceFile, { pos, end }: ts.CommentRange): number[] {
  const [first, last] = [pos, end].map((at) => ast.getLineAndCharacterOfPosition(at).line) as [
    number,
    number,
  ];
  const starts = ast.getLineStarts();
  const isAloneAbove = ast.text.slice(starts[first], pos).trim() === "";
  const isAloneBelow = ast.text.slice(end, starts[last + 1] ?? ast.text.length).trim() === "";
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
    .filter((line) => (line > first || isAloneAbove) && (line < last || isAloneBelow))
    .map((line) => line + 1);
}
