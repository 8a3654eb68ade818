import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The TypeScript of a page, block by block. */
export function blocksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = ""]) => code);
}

/** The blocks of a page, each after its context; exactly as many as there are contexts. */
export function completed(page: string, contexts: readonly string[]): string[] {
  const blocks = blocksOf(page);
  if (blocks.length !== contexts.length)
    throw new Error(
      `${page} has ${String(blocks.length)} blocks of code: say in test/readme what each one needs`,
    );
  return blocks.map((block, index) => `${contexts[index] ?? ""}\n${block}`);
}
