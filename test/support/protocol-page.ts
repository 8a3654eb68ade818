// Tests whose title is a sentence of PROTOCOL.md: the page has the sentence, and both runtimes do what it says.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const PAGE = readFileSync(new URL("../../PROTOCOL.md", import.meta.url), "utf8").replaceAll(/\s+/g, " ");

/** @param row the fault that the sentence mends, as in `s-W9` */
export function states(row: string, sentence: string, holds: () => Promise<void>): void {
  it(`${sentence} [${row}]`, async () => {
    expect(PAGE).toContain(sentence);
    await holds();
  });
}
