// Each function that an application gives to Halyard, in each wrong way: see `fixtures/application-code-cases.ts`.
// The list of options is read from the types of the published packages, so that none can be forgotten.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { CASES, MODES } from "../fixtures/application-code-cases.ts";
import type { Outcome } from "../fixtures/application-code.ts";
import { binaryOf } from "../support/app-server.ts";
import { functionOptionsOf } from "../support/function-options.ts";
import { project } from "../support/typescript.ts";

const FIXTURE = join(import.meta.dirname, "../fixtures/application-code.ts");
const PACKAGES = join(import.meta.dirname, "../../packages");
const ENTRIES = [
  "protocol/dist/index.d.ts",
  "server/dist/index.d.ts",
  "server/dist/node.d.ts",
  "server/dist/bun.d.ts",
  "server/dist/publisher.d.ts",
  "client/dist/index.d.ts",
  "better-auth/dist/index.d.ts",
  "better-auth/dist/client.d.ts",
  "testing/dist/index.d.ts",
  "testing/dist/node.d.ts",
].map((entry) => join(PACKAGES, entry));

/** The functions that this file does not call, and why. */
const EXEMPT: readonly (readonly [options: RegExp, reason: string])[] = [
  [/\.clock\./, "a clock replaces the runtime's own in tests: without time nothing can be promised"],
  [
    /^WebSocketManagerConfig\.backplane\./,
    "conformance/outage.test.ts makes each method of a backplane fail",
  ],
  [
    /^(?:AttachOptions|BunWebSocketOptions)\.authenticate/,
    "the same code as WebSocketManagerConfig.authenticate",
  ],
  [
    /^(?:AttachOptions|BunWebSocketOptions)\.path$/,
    "upgrades-attach.test.ts makes it throw, reject and give a promise",
  ],
  [
    /^(?:HalyardPlugin|Publisher)Options\.backplane\./,
    "as WebSocketManagerConfig.backplane: many-nodes-publisher.test.ts cuts it off",
  ],
  [
    /^PublisherOptions\.logger\./,
    "many-nodes-publisher.test.ts makes the one that is called throw; guarded as WebSocketManagerConfig.logger is",
  ],
  [/^ChatOptions\.beforePublish$/, "the same code as WebSocketManagerConfig.chat.beforePublish"],
  [/^WebSocketClientOptions\./, "tested beside their code, in packages/client/src"],
  [/^OutboxOptions\.onReceipt$/, "client/src/storage/keep-outbox.test.ts makes it throw and reject"],
  [/^OutboxOptions\.storage\./, "client/src/storage/keep-outbox.test.ts makes each method fail in each way"],
  [
    /^(?:DeliveryRecorder|FaultProxy|Nemesis|TestClient|TestNetwork)Options\./,
    "a callback of a test fails its test",
  ],
  [
    /^CloseOptions\./,
    "close-on-signals.test.ts makes onClose throw and hang; the server is the runtime's own",
  ],
  [/^SendOptions\.except\.ws\./, "a socket names a connection, and is not called"],
  [/^BetterAuthAuthenticatorOptions\.logger\./, "its failure is that of authenticate: 503"],
  [
    /^WebSocketManagerConfig\.logger\.debug$/,
    "called for socket errors only; guarded as the other levels are",
  ],
];

interface Run {
  readonly outcomes: readonly Outcome[];
  readonly unhandled: readonly string[];
}

describe("the options that are functions", () => {
  it("are all called by this file, or exempt for a reason [s-K2]", () => {
    const options = functionOptionsOf(ENTRIES);
    expect(options).toContain("WebSocketManagerConfig.authorize");
    expect(untested(options)).toEqual([]);
  }, 60_000);

  it("are found wherever they are planted [s-K2]", () => {
    const directory = project("planted-option", {
      "planted.ts": `
        export interface PlantedOptions { readonly hooks?: { readonly onPlanted?: (() => void) | undefined } | undefined }
        export interface Other { readonly notAnOption: () => void }`,
    });
    const options = functionOptionsOf([join(directory, "planted.ts")]);
    expect(options).toEqual(["PlantedOptions.hooks.onPlanted"]);
    expect(untested(options)).toEqual(options);
  }, 60_000);
});

function untested(options: readonly string[]): string[] {
  const tested = new Set(CASES.map(({ option }) => option));
  return options.filter((option) => !tested.has(option) && !EXEMPT.some(([pattern]) => pattern.test(option)));
}

describe.each(["node", "bun"] as const)("a function of the application, on %s,", (runtime) => {
  let run: Run = { outcomes: [], unhandled: [] };

  beforeAll(async () => {
    const { stdout } = await promisify(execFile)(binaryOf(runtime), [FIXTURE], { timeout: 90_000 });
    run = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Run;
  }, 100_000);

  it("leaves no rejection and no exception unhandled, in whatever way it fails [s-K2] [s-K7]", () => {
    expect(run.unhandled).toEqual([]);
  });

  describe.each(CASES.map((each) => [each.option, each] as const))("%s", (option, each) => {
    const outcomeOf = (mode: string): Outcome | undefined =>
      run.outcomes.find((outcome) => outcome.option === option && outcome.mode === mode);

    it.each(MODES)("harms no other connection, and onError hears it: %s [s-K2]", (mode) => {
      const outcome = outcomeOf(mode);
      expect(outcome?.isAlive).toBe(true);
      expect(outcome?.calls).toBeGreaterThan(0);
      if (each.silent?.includes(mode) !== true)
        expect(each.heardAs.some((type) => outcome?.heard.includes(type))).toBe(true);
    });

    if (each.status !== undefined)
      it("gives the visitor its status before the upgrade when it throws [s-K2]", () => {
        expect(outcomeOf("throws")?.statuses[0]).toBe(each.status);
      });
  });
});
