// Tests whose titles are sentences of PROTOCOL.md.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const PAGE = readFileSync(new URL("../../PROTOCOL.md", import.meta.url), "utf8").replaceAll(/\s+/g, " ");

/**
 * Defines a test that PROTOCOL.md has the sentence, and that the sentence holds.
 *
 * @param row the id of the fault that the sentence mends, such as `s-W9`
 */
export function states(row: string, sentence: string, holds: () => Promise<void>): void {
  it(`${sentence} [${row}]`, async () => {
    expect(PAGE).toContain(sentence);
    await holds();
  });
}
