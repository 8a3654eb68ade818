// The application's code that ends a connection from inside a call of its own: no call is nested in another.
import { describe, expect, it } from "vitest";
import { turns } from "../support/bare-socket.ts";
import { createSystem, Nesting, open } from "../support/bare-system.ts";
import type { Config } from "../support/bare-system.ts";
import { until } from "../support/wait.ts";

/** What of the application's code is called, and what leads to the call. Each bans the user, and then goes on. */
const CALLS: Readonly<
  Record<
    string,
    (ban: (userId: string) => undefined) => { readonly config: Config; readonly frames?: readonly object[] }
  >
> = {
  onConnect: (ban) => ({ config: { onConnect: ({ user }) => ban(user.id) } }),
  onDisconnect: (ban) => ({
    config: { onConnect: ({ user }) => ban(user.id), onDisconnect: ({ user }) => ban(user.id) },
  }),
  onSecurityEvent: (ban) => ({
    config: { onSecurityEvent: ({ userId }) => ban(String(userId)) },
    frames: [
      { type: "request", name: "missing", $: {} },
      { type: "join", room: "secret", $: { id: "j" } },
    ],
  }),
  onError: (ban) => ({ config: { onError: () => ban("ada") }, frames: [{ type: "fail", how: "throws" }] }),
  authorize: (ban) => ({
    config: {
      authorize: ({ user, room }) => {
        if (room === "lobby") ban(user.id);
        return room !== "secret";
      },
    },
    frames: [{ type: "join", room: "lobby", $: { id: "j" } }],
  }),
  "a handler of messages": () => ({ config: {}, frames: [{ type: "note", text: "ban me" }] }),
  "a handler of requests": () => ({
    config: {},
    frames: [{ type: "request", name: "wait", input: { ms: 0, tag: "ban me" }, $: { id: "r" } }],
  }),
  beforePublish: (ban) => ({
    config: { chat: { beforePublish: (_message, { user }) => ban(user.id) } },
    frames: [{ type: "chat_message", content: "hi" }],
  }),
};

describe.each(Object.entries(CALLS))("%s that bans the user of its own call", (_, create) => {
  it("closes the connection once, with 4403, inside no other call, and nothing follows [s-K5]", async () => {
    const nesting = new Nesting();
    const told: number[] = [];
    const ban = (userId: string): undefined =>
      nesting.inside(() => void manager.disconnectUser(userId, { code: 4403 }));
    const { config, frames = [] } = create(ban);
    const { manager, handlers } = createSystem({
      authorize: ({ room }) => room !== "secret",
      ...config,
      onDisconnect: (context, code) => {
        told.push(code);
        return config.onDisconnect?.(context, code);
      },
    });
    handlers
      .on("note", (_message, { user }) => ban(user.id))
      .on("fail", () => {
        throw new Error("broken");
      })
      .onRequest("wait", async (_input, { user }) => {
        ban(user.id);
        await turns(1);
        return "answer";
      });
    const ws = await open(manager, "ada");
    for (const frame of frames) manager.handleMessage(ws, JSON.stringify(frame));
    await until("the ban", () => ws.codes.length > 0 || told.length > 0);
    const count = ws.frames.length;
    await turns();
    expect(ws.codes).toEqual([4403]);
    expect(told).toEqual([4403]);
    expect(nesting.deepest).toBe(1);
    expect(ws.frames).toHaveLength(count);
    expect(manager.getConnectionStats()).toEqual({ totalUsers: 0, totalConnections: 0 });
  });
});
