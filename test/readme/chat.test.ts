import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

it("no README replaces the built-in chat to look on [s-M7]", () => {
  const root = join(import.meta.dirname, "../..");
  const pages = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name, "README.md"));
  const blocks = [join(root, "README.md"), ...pages].flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = ""]) => code),
  );
  const handlers = blocks.filter((code) => /^ *handlers\.on\("chat_message"/m.test(code));
  expect(handlers).toEqual([]);
  expect(blocks.filter((code) => code.includes("beforePublish"))).toHaveLength(1);
});
