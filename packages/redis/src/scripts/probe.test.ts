// The probe has every command that can be refused, and leaves nothing behind.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";

const redis = useRedis();
const src = join(import.meta.dirname, "..");

/** What a pattern finds in files, in lower case, each once and in order. */
function found(files: readonly string[], pattern: RegExp): string[] {
  const texts = files.map((file) => readFileSync(file, "utf8"));
  const names = texts.flatMap((text) =>
    [...text.matchAll(pattern)].map(([, name = ""]) => name.toLowerCase()),
  );
  return [...new Set(names)].sort();
}

const scripts = globSync(join(src, "scripts/*.lua")).filter((file) => !file.endsWith("probe.lua"));
const modules = globSync(join(src, "**/*.ts")).filter((file) => !file.endsWith(".test.ts"));
const probed = found([join(src, "scripts/probe.lua")], /\btry\('([A-Z]+)'/g);
/** Checked by a call of their own in link/setup.ts and link/rights.ts. */
const direct = ["eval", "evalsha", "exec", "info", "multi", "script"];

describe("the probe of a user's rights", () => {
  it("calls each command that a script calls; INFO may be refused", () => {
    const called = found(scripts, /redis\.p?call\('([A-Z]+)'/g);
    expect(called.length).toBeGreaterThan(25);
    expect(called.filter((name) => !probed.includes(name))).toEqual(["info"]);
    // A name that is computed would not be found.
    expect(found(scripts, /(redis\.p?call(?!\('[A-Z]+').*)/g)).toEqual([]);
  });

  it("calls each command that a node calls outside of scripts, but those that are called beside it", () => {
    const called = found(modules, /\["([A-Z]{3,})"/g);
    expect(called).toContain("mget");
    expect(called.filter((name) => !probed.includes(name))).toEqual(direct);
  });

  it("calls nothing else", () => {
    const called = [...found(scripts, /redis\.p?call\('([A-Z]+)'/g), ...found(modules, /\["([A-Z]{3,})"/g)];
    expect(probed.filter((name) => !called.includes(name))).toEqual([]);
  });

  it("leaves no key behind, and no call of it fails", async () => {
    const node = redis.nodes.create();
    await node.publish("a", "1");
    expect(await redis.server.control((client) => client.keys("*probe*"))).toEqual([]);
    const stats = await redis.server.control((client) => client.info("commandstats"));
    const failed = [...stats.matchAll(/cmdstat_(\w+):.*failed_calls=[1-9]/g)].map(([, name = ""]) => name);
    expect(failed.filter((name) => probed.includes(name))).toEqual([]);
  });
});
