import { describe, expect, it, vi } from "vitest";
import { applyKillSwitches, readKillSwitches } from "./kill-switches.ts";

const ON = { rawSocketWrite: true, fastTextReader: true, batchGroups: true, resultCache: true };

function createParts() {
  const info = vi.fn();
  const noop = (): void => undefined;
  return {
    writer: { usesBatchGroups: true },
    backplane: { usesResultCache: true },
    logger: { debug: noop, info, warn: noop, error: noop },
    info,
  };
}

describe("kill switches", () => {
  it.each([
    ["HALYARD_RAW_SOCKET_WRITE", { ...ON, rawSocketWrite: false }],
    ["HALYARD_FAST_TEXT_READER", { ...ON, fastTextReader: false }],
    ["HALYARD_BATCH_GROUPS", { ...ON, batchGroups: false }],
    ["HALYARD_RESULT_CACHE", { ...ON, resultCache: false }],
  ])("switch one optimization off when %s is off", (variable, expected) => {
    expect(readKillSwitches({ [variable]: "off" })).toEqual(expected);
  });

  it.each([{}, { HALYARD_RAW_SOCKET_WRITE: "on" }, { HALYARD_RESULT_CACHE: "" }])(
    "leave every optimization on for the environment %j",
    (env) => {
      expect(readKillSwitches(env)).toEqual(ON);
    },
  );

  it("reach the writer and the backplane, and log once what is off", () => {
    const { info, ...parts } = createParts();
    const env = { HALYARD_BATCH_GROUPS: "off", HALYARD_RESULT_CACHE: "off" };
    applyKillSwitches(readKillSwitches(env), parts);
    expect(parts.writer).toEqual({ usesBatchGroups: false });
    expect(parts.backplane).toEqual({ usesResultCache: false });
    expect(info).toHaveBeenCalledExactlyOnceWith({ off: Object.keys(env) }, expect.any(String));
  });

  it("change and log nothing when everything is on", () => {
    const { info, ...parts } = createParts();
    applyKillSwitches(ON, parts);
    expect(parts.writer).toEqual({ usesBatchGroups: true });
    expect(parts.backplane).toEqual({ usesResultCache: true });
    expect(info).not.toHaveBeenCalled();
  });

  it("add nothing to a backplane that has no result cache", () => {
    const { info: _, ...parts } = createParts();
    const backplane = {};
    applyKillSwitches({ ...ON, resultCache: false }, { ...parts, backplane });
    expect(backplane).toEqual({});
  });
});
