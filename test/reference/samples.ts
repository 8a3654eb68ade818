import { readFileSync } from "node:fs";
import { join } from "node:path";

const DOCUMENT = readFileSync(join(import.meta.dirname, "reference.md"), "utf8");

/** A TypeScript block of the reference, with the heading above it. */
export interface Sample {
  readonly heading: string;
  readonly code: string;
}

export const samples: readonly Sample[] = [
  ...DOCUMENT.matchAll(/^([ \t]*)```typescript\n([\s\S]*?)^[ \t]*```/gm),
].map(({ index, 1: indent = "", 2: code = "" }) => ({
  heading: headingsIn(DOCUMENT.slice(0, index)).at(-1) ?? "",
  code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
}));

/** All headings below the title, in order. */
export const headings: readonly string[] = headingsIn(DOCUMENT).slice(1);

/** The block that contains this text, word for word. */
export function sampleWith(text: string): string {
  const [sample, ...others] = samples.filter(({ code }) => code.includes(text));
  if (sample === undefined || others.length > 0) throw new Error(`Not exactly one sample contains ${text}`);
  return sample.code;
}

/** Headings outside of code blocks. */
function headingsIn(markdown: string): string[] {
  const prose = markdown.replaceAll(/^[ \t]*```[\s\S]*?^[ \t]*```/gm, "");
  return [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading.trim());
}
