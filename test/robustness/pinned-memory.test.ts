// A small part of `pnpm storm --pin`: one user who fills the server's memory, against a small budget.
import { describe, expect, it } from "vitest";
import { pin } from "../storm/pin.ts";

const MIB = 1024 * 1024;

describe.each(["node", "bun"] as const)("one user who fills the memory, on %s", (runtime) => {
  it("fills an eighth of the history's budget, with reconnects too, and the process stays below its bound [s-A1]", async () => {
    const attack = { connections: 8, rooms: 80, reconnectMs: 2_000, budgetBytes: 8 * MIB };
    const report = await pin({ runtime, seconds: 4, restSeconds: 0, ...attack });
    // The rates of a user let through 1 MiB and 512 KiB a second: 48 messages.
    expect(report.sent).toBeGreaterThan(10);
    expect(report.evicted).toBeGreaterThan(0);
    expect(report.historyMib).toBeLessThanOrEqual(1);
    expect(report.mostMib).toBeLessThanOrEqual(report.startMib + report.budgetMib + 200);
  }, 60_000);
});
