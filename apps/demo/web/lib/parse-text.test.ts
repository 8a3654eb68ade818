import { expect, test } from "vitest";
import { parseText } from "./parse-text.ts";

const shape = (text: string) => parseText(text).map(({ kind, text: piece }) => `${kind}:${piece}`);

test.each([
  ["see https://a.example/x?y=1#z.", ["text:see ", "link:https://a.example/x?y=1#z", "text:."]],
  ["(http://a.example/b)", ["text:(", "link:http://a.example/b", "text:)"]],
  ["https://a.example/b_(c)", ["link:https://a.example/b_(c)"]],
  ["a `b < c` d", ["text:a ", "code:b < c", "text: d"]],
  ["```ts\nlet a;\nlet b;\n```", ["block:let a;\nlet b;"]],
  ["`https://a.example`", ["code:https://a.example"]],
  ["one ` two", ["text:one ` two"]],
  ["https://a.example/\u202egpj.exe", ["link:https://a.example/gpj.exe"]],
])("[demo 11] parseText finds links and code in %j", (text, pieces) => {
  expect(shape(text)).toEqual(pieces);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "<a href='x' onclick='alert(1)'>",
  "http://",
  "HTTPS",
])("[demo 11] parseText makes no link of %j", (text) => {
  expect(parseText(text).every(({ kind }) => kind === "text")).toBe(true);
});

test("[demo 11] parseText ends a link before markup", () => {
  expect(shape('https://a.example/"><img>')).toEqual(["link:https://a.example/", 'text:"><img>']);
});

test("[demo 11] parseText finds the end of an address in a message that is made of ends", () => {
  const address = `https://a.example/${".".repeat(1_980)}a`;
  const startedAt = performance.now();
  expect(shape(`${address}${").".repeat(990)}`)).toEqual([`link:${address}`, `text:${").".repeat(990)}`]);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
