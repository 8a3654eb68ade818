// The first message of a client that is lost on its way, together with its connection.
import { createWebSocketClient } from "@halyard/client";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";

onEachRuntime("the first message of a client", {}, (app) => {
  it.each([
    ["that was refused until it signed in", false],
    ["whose user has changed", true],
  ])("%s is sent again and delivered, although its connection was lost with it", async (_, isSignedIn) => {
    const user = app.user();
    let session = isSignedIn ? app.user("earlier") : undefined;
    let losesNotes = true;
    const client = createWebSocketClient<typeof protocol>({
      url: app.url,
      backoff: { baseMs: 50 },
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          const cookie = session === undefined ? {} : { cookie: `session=${session}` };
          super(url, protocols, { headers: { origin: ORIGIN, ...cookie } });
        }

        override send(text: string): void {
          if (!losesNotes || !text.includes('"note"')) return super.send(text);
          losesNotes = false;
          this.terminate();
        }
      },
    });
    try {
      await expect.poll(() => client.state.status).toBe(isSignedIn ? "open" : "authRequired");
      session = user;
      client.authenticate();
      await expect.poll(() => client.state).toMatchObject({ status: "open", user: { userId: user } });
      expect(await client.send("note", { text: "first" })).toMatchObject({ status: "delivered" });
      expect(losesNotes).toBe(false);
      expect(await app.journal("note", user)).toHaveLength(1);
    } finally {
      client.close();
    }
  });
});
