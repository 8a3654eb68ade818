// A socket that opened as a plain one says hello while its node still waits for the store.
import type { Backplane } from "@halyard/server";
import { expect, it } from "vitest";
import { announce, goAway } from "../support/away.ts";
import { newClientId, NodeSocket, TwoNodes } from "../support/two-nodes.ts";

/** Two nodes on a store that takes its time, and a plain socket at node `a`. */
function scene() {
  let onSubscribe = (): void => {};
  const wrap = (id: string, backplane: Backplane): Backplane => {
    if (id !== "a") return backplane;
    const subscribe = backplane.subscribe.bind(backplane);
    const givenRooms = backplane.givenRooms.bind(backplane);
    return Object.assign(backplane, {
      subscribe: (channel: string) => {
        if (channel === "all") onSubscribe();
        return subscribe(channel);
      },
      // The answer to a hello takes longer than the end of an earlier welcome.
      givenRooms: async (...args: Parameters<Backplane["givenRooms"]>) => {
        await new Promise<void>((resolve) => nodes.clock.setTimeout(resolve, 100));
        return givenRooms(...args);
      },
    });
  };
  const nodes: TwoNodes = new TwoNodes({}, { latencyMs: { min: 50, max: 50 } }, wrap);
  const socket = new NodeSocket(nodes.a.manager, "ada");
  Object.assign(socket.data, { protocol: undefined });
  const sayHello = (): void => {
    onSubscribe = () => {};
    socket.frames.length = 0;
    socket.say({ type: "hello", clientId: newClientId(), attempt: 1, rooms: [], positions: [] });
  };
  const sayHelloAtNextSubscribe = (): void => void (onSubscribe = sayHello);
  /** Publishes all the time, in a room and to everyone. */
  const publish = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      for (const room of ["club", undefined]) void announce(nodes, "b", String(passed), room);
      await nodes.run(10);
    }
  };
  return { nodes, publish, sayHello, sayHelloAtNextSubscribe, socket };
}

it("gets nothing between that hello and its welcome of a room that the server has just given", async () => {
  const { nodes, publish, sayHello, socket } = scene();
  nodes.a.manager.handleOpen(socket);
  await nodes.run(2_000);
  void nodes.a.manager.join(socket, "club");
  sayHello();
  await publish(1_000);
  expect(socket.frames[0]?.type).toBe("welcome");
  expect(Object.keys(socket.frames[0]?.["channels"] ?? {})).toContain("room:club");
});

it("gets nothing between that hello and its welcome of the channels that its first welcome left out", async () => {
  const { nodes, publish, sayHelloAtNextSubscribe, socket } = scene();
  await goAway(nodes, "a");
  nodes.a.manager.handleOpen(socket);
  await nodes.run(2_000);
  nodes.shared.heal();
  await nodes.run(50);
  sayHelloAtNextSubscribe();
  await publish(8_000);
  expect(socket.frames[0]?.type).toBe("welcome");
  expect(socket.of("announcement").length).toBeGreaterThan(0);
});
