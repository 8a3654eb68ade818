import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { createNemesis } from "../nemesis/nemesis.ts";
import { createFaultProxy } from "./fault-proxy.ts";
import { proxyFaults } from "./proxy-faults.ts";

it("proxyFaults strikes connections with each of its 7 faults, and the proxy is healed when the nemesis stops", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = await createFaultProxy({ target: { port: (server.address() as AddressInfo).port } });
  /** A client that writes, echoes what it receives, and reconnects. */
  const connectClient = (isLast: () => boolean): void => {
    const socket = connect(proxy.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("connect", () => socket.write("x".repeat(1_000)));
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("close", () => isLast() || connectClient(isLast));
  };

  let isOver = false;
  for (let count = 0; count < 5; count++) connectClient(() => isOver);
  const seen = new Set<string>();
  await new Promise<void>((resolve) => {
    const nemesis = createNemesis({
      seed: 1,
      everyMs: [1, 10],
      faults: Object.fromEntries(
        Object.entries(proxyFaults(proxy)).map(([name, fault]) => [name, { ...fault, lastsMs: [1, 20] }]),
      ),
      onEntry: ({ event, fault }) => {
        if (event === "struck") seen.add(fault);
        if (seen.size === 7) void nemesis.stop().then(resolve);
      },
    });
    nemesis.start();
  });
  isOver = true;
  expect([...seen].sort()).toEqual(["cut", "cutAfter", "delay", "halfOpen", "limit", "refuse", "stall"]);

  const socket = connect(proxy.port, "127.0.0.1");
  const answer = new Promise((resolve) => socket.once("data", resolve));
  socket.write("still open?");
  expect(String(await answer)).toBe("still open?");
  socket.destroy();
  await proxy.close();
  server.close();
});
