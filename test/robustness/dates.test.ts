import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { afterEach, expect, it, vi } from "vitest";
import type { protocol } from "../fixtures/protocol.ts";
import type { RawClient } from "../support/raw-client.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import { Users } from "../support/users.ts";
import { until } from "../support/wait.ts";
import WebSocket from "ws";

/** The code with which the server closes a client within this time; undefined when it stays open. */
async function closeCodeOf(client: RawClient, ms: number): Promise<number | undefined> {
  return client.end(ms).then(
    ({ code }) => code,
    () => undefined,
  );
}

const HOUR_MS = 3_600_000;
const SILENCE_MS = 1_000;
const LOOK_UP_MS = 300;

onEachRuntime(
  "a server whose date is set back",
  { limits: { heartbeatMs: 300, silenceMs: SILENCE_MS } },
  (app) => {
    afterEach(() => app.command("shiftDate", { ms: 0 }));

    it("disconnects a silent peer after silenceMs all the same [s-S9]", async () => {
      const client = await app.open(app.user(), { autoPong: false });
      await app.command("shiftDate", { ms: -HOUR_MS });
      expect([4000, 1006]).toContain(await closeCodeOf(client, SILENCE_MS + 2_000));
    });

    it("dates messages by the machine's date, whatever time has passed [s-S9]", async () => {
      const client = await app.plain();
      await app.command("shiftDate", { ms: -HOUR_MS });
      await app.command("announce", { message: "an hour ago" });
      const { sentAt } = await client.next("announcement");
      expect(Math.abs(Date.parse(String(sentAt)) - (Date.now() - HOUR_MS))).toBeLessThan(60_000);
    });
  },
);

onEachRuntime(
  "sessions on a server whose date is set back",
  { betterAuth: { lookUpMs: LOOK_UP_MS } },
  (app) => {
    it("are looked up all the same: a deleted one is closed with 4401 [s-S9]", async () => {
      const users = new Users(app);
      const ada = await users.signUp();
      const client = await users.v1(ada);
      await app.command("shiftDate", { ms: -HOUR_MS });
      await app.command("forgetSession", { token: ada.token });
      expect(await closeCodeOf(client, LOOK_UP_MS + 4_000)).toBe(4401);
    });
  },
);

onEachRuntime("a user who was signed out before the date of the server was set back", {}, (app) => {
  afterEach(() => app.command("shiftDate", { ms: 0 }));

  it("may connect again, and is signed out again by a later call [s-S9]", async () => {
    const userId = app.user();
    const before = await app.open(userId);
    await app.command("disconnectUser", { userId });
    expect(await closeCodeOf(before, 4_000)).toBe(4401);
    await app.command("shiftDate", { ms: -HOUR_MS });
    const after = await app.open(userId);
    expect(await closeCodeOf(after, 300)).toBeUndefined();
    await app.command("disconnectUser", { userId });
    expect(await closeCodeOf(after, 4_000)).toBe(4401);
  });
});

onEachRuntime("a page whose date is set forward by six minutes", {}, (app) => {
  let client: WebSocketClient<typeof protocol>;
  afterEach(() => {
    vi.restoreAllMocks();
    client.close();
  });

  it("still gets the receipt of a message that the server is handling [s-S9]", async () => {
    const headers = { cookie: `session=${app.user()}`, origin: ORIGIN };
    client = createWebSocketClient<typeof protocol>({
      url: app.url,
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers });
        }
      },
    });
    await until("the client to be open", () => client.state.status === "open");
    const handled = client.send("wait", { ms: 300, tag: "slow" });
    const passed = Date.now;
    vi.spyOn(Date, "now").mockImplementation(() => passed() + 6 * 60_000);
    const next = client.send("note", { text: "after the change" });
    expect([(await handled).status, (await next).status]).toEqual(["delivered", "delivered"]);
  });
});
