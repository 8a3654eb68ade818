import { describe, expect, it } from "vitest";
import { CloseCode, isRecoverableClose, retryAfterOf } from "./close-codes.ts";

describe("isRecoverableClose", () => {
  it("recovers below 4400 and stops from there on, so that an old client handles a new code by its range", () => {
    for (let code = 4000; code < 5000; code++) expect(isRecoverableClose(code)).toBe(code < 4400);
    for (const code of Object.values(CloseCode)) expect(isRecoverableClose(code)).toBe(code < 4400);
  });

  it.each([1002, 1003, 1007, 1008, 1009, 1010])(
    "stops a client after close code %i, which it would get again",
    (code) => {
      expect(isRecoverableClose(code)).toBe(false);
    },
  );

  it.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 3000])(
    "lets a client reconnect after close code %i",
    (code) => {
      expect(isRecoverableClose(code)).toBe(true);
    },
  );
});

describe("retryAfterOf", () => {
  it.each([
    ["retryAfterMs=1500", 1500],
    ["retryAfterMs=0", 0],
    ["", undefined],
    ["retryAfterMs=", undefined],
    ["retryAfterMs=-1", undefined],
    ["retryAfterMs=1e9", undefined],
    ["retryAfterMs=1500 ", undefined],
    ["retryAfterMs=9999999999", undefined],
    ["please retryAfterMs=5", undefined],
  ])("reads the close reason %j as %s ms", (reason, ms) => {
    expect(retryAfterOf(reason)).toBe(ms);
  });
});
