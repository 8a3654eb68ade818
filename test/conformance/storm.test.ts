import { describe, expect, it } from "vitest";
import { cycle, leaksIn } from "../storm/cycles.ts";
import { storm } from "../storm/outage.ts";
import { IS_LONG } from "../support/long-run.ts";

/** `pnpm storm` does the same with 5,000 clients and 100,000 connections, and checks how the attempts spread. */
describe.each(IS_LONG ? (["node", "bun"] as const) : (["node"] as const))("a server on %s", (runtime) => {
  it("a server that is killed and restarted has all clients back within 30 s, each with one gap and live messages", async () => {
    const clients = 200;
    const seed = Date.now() % 1_000_000;
    const [outage] = await storm({ runtime, clients, pausesMs: [300], seed });
    expect(outage, `seed ${String(seed)}`).toMatchObject({
      open: clients,
      withOneGap: clients,
      live: clients,
    });
    expect(outage?.allBackMs).toBeLessThan(30_000);
  }, 120_000);
});

it("1,000 connections that end in every way leave the maps and the heap as they were", async () => {
  const report = await cycle({ runtime: "node", cycles: 1_000, warmUp: 500 });
  expect(leaksIn(report)).toEqual([]);
}, 120_000);
