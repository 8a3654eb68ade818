import { expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import { createScripts } from "../scripts/scripts.ts";
import type { Scripts } from "../scripts/scripts.ts";

const PREFIX = "halyard:";
const HOUR_MS = 3_600_000;

const redis = useRedis();

/** Runs scripts as nodes would, at times of Redis that the test sets. */
function scene() {
  let at = 1_800_000_000_000;
  const run = (name: keyof Scripts, ...values: string[]): Promise<unknown> => {
    const { text } = createScripts(`now = function() return ${String(at)} end`)[name];
    return redis.server.control((client) => client.sendCommand(["EVAL", text, "0", PREFIX, ...values]));
  };
  const beat = (node: string) => run("beat", `${node}/1`, "7000", "4000", "500", "state");
  return {
    run,
    /** Node `a` beats each second, and node `b` is dead. */
    advance: async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 1_000) {
        at += 1_000;
        await beat("a");
      }
    },
    setBack: (ms: number): void => void (at -= ms),
    online: async () =>
      ((await run("roster", "online", "0", "10")) as string[]).slice(3).filter((_, n) => n % 2 === 0),
  };
}

it("users leave in time, and reservations end, where the clock of Redis is set back", async () => {
  const { advance, online, run, setBack } = scene();
  for (const node of ["a", "b"]) await run("register", node, `${node}/1`, "7000", "state");
  const opened = (user: string, id: string) => ({
    op: "+",
    user,
    connectionId: id,
    profile: "{}",
    client: id,
  });
  const batch = (node: string, ops: readonly object[]) => run("apply", `${node}/1`, "1", JSON.stringify(ops));
  await batch("b", [opened("of-b", "b.1")]);
  const left = { op: "-", user: "away", connectionId: "a.2", graceMs: 5_000 };
  await batch("a", [opened("ada", "a.1"), opened("away", "a.2"), left]);
  const request = { user: "ada", limit: 2, policy: "reject", attempt: 1 };
  const admit = (id: string) =>
    run("admit", JSON.stringify({ ...request, client: id, connectionId: id }), "");
  expect(await admit("a.3")).toEqual(["admitted"]);
  expect(await admit("a.4")).toEqual(["limit"]);
  await advance(1_000);
  expect(await online()).toEqual(["of-b", "ada", "away"]);
  setBack(HOUR_MS);
  await advance(1_000);
  expect(await online()).toEqual(["of-b", "ada", "away"]);
  await advance(10_000);
  expect(await online()).toEqual(["ada"]);
  expect(await admit("a.4")).toEqual(["admitted"]);
});
