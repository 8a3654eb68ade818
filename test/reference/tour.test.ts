import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const TOUR = join(import.meta.dirname, "../../docs/tour.md");

interface Answer {
  readonly question: string;
  readonly walk: string;
  readonly path: string;
  readonly symbol: string;
}

const answers = readFileSync(TOUR, "utf8")
  .split("\n")
  .flatMap((line): Answer[] => {
    const [, question = "", walk = "", link = "", symbol = ""] = line.split("|").map((cell) => cell.trim());
    const path = /\]\((.+)\)$/.exec(link)?.[1];
    return path === undefined ? [] : [{ question, walk, path, symbol: symbol.replaceAll("`", "") }];
  });

describe("docs/tour.md", () => {
  it("answers ten questions", () => {
    expect(answers).toHaveLength(10);
  });

  it.each(answers)("names a file that defines the symbol: $question", ({ path, symbol }) => {
    const file = join(dirname(TOUR), path);
    expect(definedIn(readFileSync(file, "utf8"))).toContain(symbol);
  });

  it.each(answers)("takes at most three steps from README: $question", ({ walk }) => {
    const steps = walk.split("→").slice(1);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.length).toBeLessThanOrEqual(3);
  });
});

/** The names of the classes, functions and methods that a source text declares. */
function definedIn(text: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    const isDefinition =
      ts.isClassDeclaration(node) || ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
    if (isDefinition && node.name !== undefined) names.push(node.name.getText());
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("source.ts", text, ts.ScriptTarget.Latest, true));
  return names;
}
