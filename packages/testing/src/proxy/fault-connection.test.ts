import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect, it } from "vitest";
import { ProxiedConnection } from "./fault-connection.ts";
import { realClock } from "../clock/real-clock.ts";

it.each(["client", "server"] as const)(
  "a connection closes when it is cut while it sends its FIN to the %s",
  async (name) => {
    const far = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(far, "listening");
    const { port } = far.address() as AddressInfo;
    const open = async (): Promise<Socket> => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      await once(socket, "connect");
      return socket;
    };
    const ends = { client: await open(), server: await open() };
    const connection = new ProxiedConnection({ id: 1, ...ends, clock: realClock, random: () => 0 });
    ends[name].end();
    connection.cut();
    await connection.closed;
    expect(connection.state).toBe("closed");
    far.close();
  },
);
