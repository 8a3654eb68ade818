import type { Receipt } from "../src/index.ts";
import type { createHarness } from "./harness.ts";

/** Sends a chat message. */
export const chat = ({ client }: ReturnType<typeof createHarness>, content: string) =>
  client.send("chat_message", { content });

/** The status of each receipt: undefined until the receipt settles. */
export function outcomes(sendings: readonly PromiseLike<Receipt>[]): (string | undefined)[] {
  const known: (string | undefined)[] = sendings.map(() => undefined);
  for (const [index, sending] of sendings.entries())
    void sending.then(({ status }) => (known[index] = status));
  return known;
}
