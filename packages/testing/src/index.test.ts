import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import * as main from "./index.ts";
import * as node from "./node.ts";

it("exports from both entries the names in these lists", () => {
  expect(Object.keys(main).sort()).toEqual([
    "checkDelivery",
    "createDeliveryChecker",
    "createDeliveryRecorder",
    "createNemesis",
    "createRandom",
    "createSharedBackplane",
    "createTestClock",
    "createTestNetwork",
  ]);
  expect(Object.keys(node).sort()).toEqual(["createFaultProxy", "proxyFaults"]);
});

it("imports no module of a runtime from its main entry", async () => {
  const seen = new Set<string>();
  const foreign = new Set<string>();
  const visit = async (file: URL): Promise<void> => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    const source = await readFile(file, "utf8");
    for (const [, specifier = ""] of source.matchAll(/^(?:import|export)(?! type)[^;]* from "([^"]+)";/gm)) {
      if (specifier.startsWith(".")) await visit(new URL(specifier, file));
      else foreign.add(specifier);
    }
  };
  await visit(new URL("./index.ts", import.meta.url));
  expect(seen.size).toBeGreaterThan(5);
  expect([...foreign].sort()).toEqual([
    "@halyard/client",
    "@halyard/protocol/internal",
    "@halyard/protocol/wire",
  ]);
});
