import { expect, it } from "vitest";
import { digestOf } from "../utils/text-digest.ts";
import { hasTooManySlots } from "./index-slots.ts";

const check = (text: string): boolean => hasTooManySlots(text, digestOf(text).brackets);
const list = (item: string, count: number): string => `[${Array.from({ length: count }, () => item).join()}]`;

it.each([
  ["the key 999", list('{"999":0}', 201)],
  ["the key 999 behind another one, with space", list('{"a":"{", "999" : 0}', 201)],
  ["an escaped key", list('{"\\u0039\\u00399":0}', 201)],
  ["nested objects", list('{"999":{"999":0}}', 101)],
  ["the key 99", list('{"99":[]}', 2_001)],
])("too many slots by %s", (_, text) => {
  expect(check(text)).toBe(true);
});

it.each([
  ["one object of 1,000 rows", JSON.stringify(Object.fromEntries(list("{}", 999).split(",").entries()))],
  [
    "a dictionary of objects",
    JSON.stringify(Object.fromEntries(Array.from({ length: 999 }, (_, n) => [n, { n }]))),
  ],
  ["200 objects", list('{"999":0}', 200)],
  ["keys that are no index", list('{"1000":0,"099":1,"-1":2,"1e2":3}', 500)],
  ["texts", list('"999"', 500) + list("{}", 500)],
  ["keys within texts", list('"{\\"999\\":0}"', 500) + list("{}", 500)],
  ["a text that does not end", `${list("{}", 100)}"`],
])("not too many by %s", (_, text) => {
  expect(check(text)).toBe(false);
});
