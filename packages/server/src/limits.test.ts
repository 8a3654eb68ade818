import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "./limits.ts";

const page = readFileSync(new URL("../../../PROTOCOL.md", import.meta.url), "utf8").replaceAll(/\s+/g, " ");
const count = (value: number): string => value.toLocaleString("en");
const seconds = (ms: number): string => `${String(ms / 1_000)} s`;

describe("the server's limits", () => {
  const { historyMessages, historyBytes, historyMs, historyTotalBytes, waitingSends } = DEFAULT_LIMITS;

  it.each([
    `The window is ${count(historyMessages)} messages, ${String(historyBytes / 1024 ** 2)} MiB and ${String(historyMs / 60_000)} min per channel, and ${String(historyTotalBytes / 1024 ** 2)} MiB per node`,
    `at most ${String(waitingSends)} sends unanswered`,
    `pings about every ${seconds(DEFAULT_LIMITS.heartbeatMs)} and drops a peer that was silent for ${seconds(DEFAULT_LIMITS.silenceMs)}`,
    `as its first frame, within ${seconds(DEFAULT_LIMITS.helloMs)}`,
    `a handler took longer than ${seconds(DEFAULT_LIMITS.handlerMs)}`,
    `over ${String(DEFAULT_LIMITS.messageBytes / 1024)} KiB`,
    `"messagesPerSecond": ${String(DEFAULT_LIMITS.messagesPerSecond)}`,
    `"bytesPerSecond": ${String(DEFAULT_LIMITS.bytesPerSecond)}`,
    `"intervalMs": ${String(DEFAULT_LIMITS.heartbeatMs)}`,
    `"timeoutMs": ${String(DEFAULT_LIMITS.silenceMs)}`,
  ])("are the numbers of PROTOCOL.md: %s", (text) => {
    expect(page).toContain(text);
  });

  it("have the documented default beside each type", () => {
    const types = readFileSync(new URL("limits.ts", import.meta.url), "utf8");
    const body = /export interface ServerLimits \{([\s\S]*?)\n\}/.exec(types)?.[1] ?? "";
    const documented: string[] = [];
    let defaults: string[] = [];
    for (const line of body.split("\n")) {
      const [, values] = /@default ([\d_, and]+)/.exec(line) ?? [];
      if (values !== undefined) defaults = values.match(/[\d_]+/g) ?? [];
      const [, name] = /readonly (\w+):/.exec(line) ?? [];
      if (name !== undefined) documented.push(`${name} ${String(defaults.shift()?.replaceAll("_", ""))}`);
    }
    expect(documented).toEqual(
      Object.entries(DEFAULT_LIMITS).map(([name, value]) => `${name} ${String(value)}`),
    );
  });
});
