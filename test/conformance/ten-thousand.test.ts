import { expect, it } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

const CONNECTIONS = 10_000;
const AT_ONCE = 50;
const USERS = 1_000;

onEachRuntime("ten thousand connects and closes", {}, (app) => {
  it("10,000 connects and closes leave connectedUsers and wsInstances empty", async () => {
    let next = 0;
    const worker = async () => {
      while (next < CONNECTIONS) await comeAndGo(app, next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await until("everyone to be gone", async () => (await app.stats()).wsInstances === 0);
    expect(await app.stats()).toEqual({
      totalUsers: 0,
      totalConnections: 0,
      connectedUsers: 0,
      wsInstances: 0,
    });
    await until("the grace time to be over", async () => {
      const list = (await app.command("listUsers")) as { readonly total: number };
      return list.total === 0;
    });
  }, 120_000);
});

/** Every way of ending a connection in turn, spread over the loopback addresses. */
async function comeAndGo(app: TestApp, n: number): Promise<void> {
  const headers = { cookie: `session=user-${String(n % USERS)}`, origin: ORIGIN };
  const options = { url: app.url, headers, localAddress: `127.0.0.${String(2 + (n % 8))}` };
  const v1 = n % 3 === 0 ? new V1Client(options, new Page()) : undefined;
  const client = await (v1 ?? new RawClient(options)).open();
  if (n % 2 === 0) await (v1 === undefined ? client.next("welcome") : v1.hello());
  if (n % 5 === 0) await client.cut();
  else await client.close(n % 7 === 0 ? 1001 : 1000);
}
