// Which schemas a contract takes: those of zod 4 from the oldest version of the peer range on. Any other is found when the
// contract is made.
import { defineProtocol, message, request } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as valibot from "valibot";
import { describe, expect, it } from "vitest";
import { z as newest } from "zod";
import { z as zod3 } from "zod-3";
import { z as oldest } from "zod-oldest";
import { BareSocket, turns } from "../support/bare-socket.ts";

const PACKAGES = join(import.meta.dirname, "../../packages");

describe.each([
  { name: "the oldest zod of the peer range", z: oldest as unknown as typeof newest },
  { name: "the newest zod", z: newest },
])("$name", ({ z }) => {
  it("refuses a list over its bound before any item is looked at [s-H12]", async () => {
    let items = 0;
    const item = z.string().refine(() => {
      items++;
      return true;
    });
    const protocol = defineProtocol({
      clientMessages: { tags: message(z.object({ tags: z.array(item).max(3) })) },
    });
    const { manager, handlers } = createWebSocketSystem({ protocol, authorize: () => true });
    handlers.on("tags", () => undefined);
    const ws = new BareSocket("ada");
    manager.handleOpen(ws);
    const send = async (tags: readonly string[]) => {
      manager.handleMessage(ws, JSON.stringify({ type: "tags", tags }));
      await turns();
    };
    await send(["a", "b"]);
    expect(items).toBe(2);
    await send(Array<string>(10_000).fill("x"));
    expect(items).toBe(2);
    await manager.close();
  });
});

it("the oldest zod that is tested is the first of the peer ranges [s-H12]", () => {
  const { version } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../node_modules/zod-oldest/package.json"), "utf8"),
  ) as { readonly version: string };
  for (const name of ["protocol", "server"]) {
    const { peerDependencies } = JSON.parse(readFileSync(join(PACKAGES, name, "package.json"), "utf8")) as {
      readonly peerDependencies: { readonly zod: string };
    };
    expect(peerDependencies.zod).toBe(`^${version}`);
  }
});

describe("a schema of something else", () => {
  const error = new TypeError(
    'Halyard takes schemas of zod 4, and this is none: npm install zod@4, and import { z } from "zod"',
  );

  it.each([
    ["zod 3", zod3.object({ text: zod3.string() })],
    ["valibot", valibot.object({ text: valibot.string() })],
    ["no library, but a plain object", { text: newest.string() }],
    ["nothing", undefined],
  ])("of %s is a TypeError of message, request and defineProtocol that says what to do [s-H12]", (...row) => {
    const schema = row[1] as unknown as ReturnType<typeof newest.object>;
    const output = newest.string();
    expect(() => message(schema)).toThrow(error);
    expect(() => request({ input: output, output: schema })).toThrow(error);
    if (row[1] !== undefined) expect(() => request({ input: schema, output })).toThrow(error);
    const made = { ...message(newest.object({})), schema };
    expect(() => defineProtocol({ serverMessages: { note: made } })).toThrow(error);
  });

  it("without message or request around it is the same TypeError [s-H12]", () => {
    const schema = newest.object({ text: newest.string() });
    const define = defineProtocol as unknown as (contract: object) => unknown;
    for (const kind of ["clientMessages", "serverMessages", "requests", "serverRequests"])
      expect(() => define({ [kind]: { find: schema } })).toThrow(error);
  });
});
