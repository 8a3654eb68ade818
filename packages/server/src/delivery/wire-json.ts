// The JSON text of values of the application: messages, replies and requests. Called wherever one is encoded for a client.
// Guarantee: the text has no half of a surrogate pair, which a text that the application has cut may end with.
import { replaceLoneSurrogates } from "@halyard/protocol/internal";

/** As `JSON.stringify`, also in what has no JSON; half of a surrogate pair is U+FFFD, as in what the server reads. */
export function wireJson(value: object): string;
export function wireJson(value: unknown): string | undefined;
export function wireJson(value: unknown): string | undefined {
  // The types of JSON.stringify deny it, but it returns undefined for undefined and for a function.
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? undefined : replaceLoneSurrogates(json);
}
