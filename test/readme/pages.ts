// The code of the Markdown pages, block by block.
// The readme suite completes each block by its context and compiles it.
// A page with more or fewer blocks than contexts throws.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The TypeScript of a page, block by block. */
function blocksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = ""]) => code);
}

/** The blocks of a page, each after its context. @throws Error unless there is one context for each block */
export function completed(page: string, contexts: readonly string[]): string[] {
  const blocks = blocksOf(page);
  if (blocks.length !== contexts.length)
    throw new Error(
      `${page} has ${String(blocks.length)} blocks of code: add the context of each one in test/readme`,
    );
  return blocks.map((block, index) => `${contexts[index] ?? ""}\n${block}`);
}
