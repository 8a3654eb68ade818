import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The TypeScript of a page, block by block. */
export function blocksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = ""]) => code);
}

/** Exactly so many blocks as there are contexts for them, each with its context before it. */
export function completed(page: string, contexts: readonly string[]): string[] {
  const blocks = blocksOf(page);
  if (blocks.length !== contexts.length)
    throw new Error(
      `${page} has ${String(blocks.length)} blocks of code; say what each one needs beside itself`,
    );
  return blocks.map((block, index) => `${contexts[index] ?? ""}\n${block}`);
}
