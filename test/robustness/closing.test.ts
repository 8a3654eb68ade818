// The end of a connection: the first close wins, and the state changes before hooks are told.
import { describe, expect, it } from "vitest";
import { BareSocket, turns } from "../support/bare-socket.ts";
import { createSystem, hello, Nesting, open } from "../support/bare-system.ts";
import type { Manager } from "../support/bare-system.ts";
import { Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

it("a hook for security events that disconnects the user is called inside no other call of it [s-K5]", async () => {
  const nesting = new Nesting();
  const events: string[] = [];
  const { manager } = createSystem({
    onSecurityEvent: ({ kind, reason, userId }) => {
      nesting.inside(() => {
        events.push(`${kind}: ${reason}`);
        if (userId !== undefined) void manager.disconnectUser(userId, { code: 4403 });
      });
    },
  });
  const [first, ...others] = [
    await open(manager, "ada"),
    await open(manager, "ada"),
    await open(manager, "ada"),
  ];
  manager.handleMessage(first as BareSocket, new Uint8Array(1));
  await turns();
  expect(nesting.deepest).toBe(1);
  expect(first?.codes).toEqual([4400]);
  expect(others.map(({ codes }) => codes)).toEqual([[4403], [4403]]);
  expect(events).toEqual(["protocol_broken: message", "revoked: forbidden", "revoked: forbidden"]);
});

it("a ban of a user whose buffer is full keeps its code, and what the user has queued never runs [s-K6]", async () => {
  const codes: number[] = [];
  const ran: string[] = [];
  const { manager, handlers } = createSystem({
    onDisconnect: (_context, code) => void codes.push(code),
  });
  const gate = Promise.withResolvers<undefined>();
  handlers.on("note", async ({ text }) => {
    ran.push(text);
    await gate.promise;
  });
  const page = new Page();
  page.attempt++;
  const ws = await open(manager, "ada", { protocol: "halyard.v1" });
  manager.handleMessage(ws, hello(page));
  await turns();
  for (const seq of [1, 2, 3])
    manager.handleMessage(ws, JSON.stringify({ type: "note", text: String(seq), $: { seq } }));
  await turns();
  ws.bufferedAmount = 2 ** 21;
  manager.send(ws, { type: "announcement", message: "you are banned" });
  await manager.disconnectUser("ada", { code: 4403 });
  gate.resolve(undefined);
  await turns();
  expect(ws.codes).toEqual([4403]);
  expect(codes).toEqual([4403]);
  expect(ran).toEqual(["1"]);
  expect(manager.getMetrics().security).toEqual({ revoked: { forbidden: 1 } });
});

/** What closes a connection, and with which code. The handler `note` closes the connection of its sender. */
const WAYS: Readonly<
  Record<string, { code: number; isSync: boolean; close: (manager: Manager, ws: BareSocket) => void }>
> = {
  "a ban": {
    code: 4403,
    isSync: true,
    close: (manager, { data }) => void manager.disconnectUser(data.userId, { code: 4403 }),
  },
  "a sign-out": {
    code: 4401,
    isSync: true,
    close: (manager, { data }) => void manager.disconnectUser(data.userId),
  },
  "a binary frame": {
    code: 4400,
    isSync: true,
    close: (manager, ws) => {
      manager.handleMessage(ws, new Uint8Array(1));
    },
  },
  "ten invalid frames": {
    code: 4400,
    isSync: true,
    close: (manager, ws) => {
      for (let n = 0; n < 10; n++) manager.handleMessage(ws, "{");
    },
  },
  "three frames that are too large": {
    code: 4413,
    isSync: true,
    close: (manager, ws) => {
      for (let n = 0; n < 3; n++) manager.handleMessage(ws, "x".repeat(70_000));
    },
  },
  "a flood": {
    code: 4029,
    isSync: true,
    close: (manager, ws) => {
      for (let n = 0; n < 400; n++)
        manager.handleMessage(ws, `{"type":"join","room":"a","$":{"id":"${String(n)}"}}`);
    },
  },
  "its own handler": {
    code: 4403,
    isSync: false,
    close: (manager, ws) => {
      manager.handleMessage(ws, '{"type":"note","text":"ban me"}');
    },
  },
  "a full buffer": {
    code: 4008,
    isSync: false,
    close: (manager, ws) => {
      ws.bufferedAmount = 2 ** 21;
      manager.send(ws, { type: "pong" });
    },
  },
  "a drain": { code: 4012, isSync: false, close: (manager) => void manager.drain({ windowMs: 0 }) },
  "the end of the node": { code: 1001, isSync: true, close: (manager) => void manager.close() },
  "an eviction": {
    code: 4410,
    isSync: false,
    close: (manager, { data }) => {
      manager.handleOpen(new BareSocket(data.userId));
    },
  },
  "the peer": {
    code: 1000,
    isSync: true,
    close: (manager, ws) => {
      ws.readyState = 3;
      manager.handleClose(ws, 1000);
    },
  },
};

interface Scene {
  readonly ws: BareSocket;
  readonly manager: Manager;
  readonly nesting: Nesting;
  /** The codes that `onDisconnect` got for the connection. */
  readonly told: number[];
}

async function closingScene(inHook?: (manager: Manager, ws: BareSocket) => void): Promise<Scene> {
  const nesting = new Nesting();
  const told: number[] = [];
  const ws = new BareSocket("ada", { protocol: undefined });
  let calls = 0;
  const hook = (): void => {
    // An eviction in the hook for the end of a connection would go on for ever.
    if (calls++ < 3) nesting.inside(() => inHook?.(manager, ws));
  };
  const { manager, handlers } = createSystem({
    maxConnectionsPerUser: 1,
    onConnectionLimit: "close-oldest",
    onSecurityEvent: hook,
    onError: hook,
    onDisconnect: (context, code) => {
      if (context.ws === ws) told.push(code);
      hook();
    },
  });
  handlers.on("note", ({ text }, { user }) => {
    if (text === "ban me") nesting.inside(() => void manager.disconnectUser(user.id, { code: 4403 }));
  });
  manager.handleOpen(ws);
  await turns();
  return { ws, manager, nesting, told };
}

/** The code of the connection's end; expects that there was one, that everybody heard of it, and that nothing is left. */
async function expectOneEnd({ ws, manager, told, nesting }: Scene): Promise<number | undefined> {
  await until("the connection to be closed", () => told.length > 0);
  await turns();
  expect(told).toHaveLength(1);
  // A close by the peer is not answered.
  if (ws.codes.length > 0) expect(ws.codes).toEqual(told);
  expect(nesting.deepest).toBeLessThanOrEqual(1);
  expect(manager.wsInstances.get("ada")?.has(ws) ?? false).toBe(false);
  return told[0];
}

describe.each(Object.entries(WAYS))("a connection that is closed by %s", (_, first) => {
  it(`ends with ${String(first.code)}, once [s-K6]`, async () => {
    const scene = await closingScene();
    first.close(scene.manager, scene.ws);
    expect(await expectOneEnd(scene)).toBe(first.code);
  });

  it.each(Object.entries(WAYS))(
    "ends once, with the code of the first, when %s follows in its turn [s-K6]",
    async (_second, { code, close }) => {
      const scene = await closingScene();
      first.close(scene.manager, scene.ws);
      close(scene.manager, scene.ws);
      // What waits for the end of the turn comes second.
      const expected = first.isSync ? [first.code] : [first.code, code];
      expect(expected).toContain(await expectOneEnd(scene));
    },
  );

  it.each(Object.entries(WAYS))(
    "ends once, with its code, when %s follows in each hook [s-K5]",
    async (_second, { close }) => {
      const scene = await closingScene(close);
      first.close(scene.manager, scene.ws);
      expect(await expectOneEnd(scene)).toBe(first.code);
    },
  );
});
