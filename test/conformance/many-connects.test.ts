import { expect, it } from "vitest";
import { connectAndClose } from "../support/connect-and-close.ts";
import { IS_LONG } from "../support/long-run.ts";
import { onEachBackplaneIfLong } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

const CONNECTIONS = IS_LONG ? 10_000 : 2_000;
const AT_ONCE = 50;

onEachBackplaneIfLong("many connects and closes", {}, (app) => {
  it("thousands of connects and closes leave connectedUsers and wsInstances empty", async () => {
    let next = 0;
    const worker = async () => {
      while (next < CONNECTIONS) await connectAndClose(app.port, next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await until("every connection to be closed", async () => (await app.stats()).wsInstances === 0);
    expect(await app.stats()).toEqual({
      totalUsers: 0,
      totalConnections: 0,
      connectedUsers: 0,
      wsInstances: 0,
    });
    await until("the grace period to end", async () => {
      const list = (await app.command("listUsers")) as { readonly total: number };
      return list.total === 0;
    });
  }, 120_000);
});
