// Requests that no browser sends, to the demo's server on both runtimes.
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DemoServer } from "./demo-server.ts";

describe.each(["node", "bun"] as const)("the demo on %s", (runtime) => {
  let server: DemoServer;
  beforeAll(async () => {
    server = await DemoServer.create({ runtime });
    await server.start();
  });
  afterAll(async () => server.remove());

  /** Sends a request as it is. @returns the whole answer */
  async function send(head: string): Promise<string> {
    const socket = connect(server.port, "127.0.0.1");
    socket.end(`${head}\r\nConnection: close\r\n\r\n`);
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, "close");
    return answer;
  }

  it.each(["a b", "[", ":99999", "%"])("shows a Host header of %j nothing of the server", async (host) => {
    const answer = await send(`GET /nothing HTTP/1.1\r\nHost: ${host}`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).not.toMatch(/bun|node|\.js|at fetch/i);
    expect(server.errors).toBe("");
  });

  it("answers TRACE with 405, and not as a failure of its own", async () => {
    expect(await send("TRACE / HTTP/1.1\r\nHost: demo")).toMatch(/^HTTP\/1\.1 40[45] /);
  });
});
