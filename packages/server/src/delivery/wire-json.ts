// Encodes values of the application (messages, replies and requests) as JSON. Called wherever one is encoded for a client.
// Guarantee: the text contains no lone surrogate, such as the application leaves when it cuts a text inside a pair.
import { replaceLoneSurrogates } from "@halyard/protocol/internal";

/** Like `JSON.stringify`, which returns undefined for some values; a lone surrogate becomes U+FFFD, as in frames that the server reads. */
export function wireJson(value: object): string;
export function wireJson(value: unknown): string | undefined;
export function wireJson(value: unknown): string | undefined {
  // Contrary to its types, JSON.stringify returns undefined for undefined and for functions.
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? undefined : replaceLoneSurrogates(json);
}
