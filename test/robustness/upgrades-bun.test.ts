import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { binaryOf } from "../support/app-server.ts";
import { handshake } from "../support/handshake.ts";
import { Program } from "../support/program.ts";
import { until, within } from "../support/wait.ts";

interface State {
  readonly errors: readonly string[];
  readonly pages: readonly string[];
  /** Of each system. */
  readonly connections: readonly number[];
}

/** What a socket gets first: its first message, or its close code. */
async function open(port: number, path: string): Promise<{ ws: WebSocket; first: string | number }> {
  const ws = new WebSocket(`ws://127.0.0.1:${String(port)}${path}`);
  const first = new Promise<string | number>((resolve) => {
    ws.once("message", (data: Buffer) => {
      resolve(data.toString());
    });
    ws.once("close", resolve);
    ws.on("error", (error) => {
      resolve(String(error));
    });
  });
  return { ws, first: await within(first, () => `a message or a close on ${path}`) };
}

const stateOf = async (port: number): Promise<State> =>
  (await (await fetch(`http://127.0.0.1:${String(port)}/state`)).json()) as State;

function serve(handlers: string): () => number {
  let program: Program;
  let port = 0;
  beforeAll(async () => {
    program = new Program(binaryOf("bun"), ["fixtures/shared-bun.ts", handlers], {
      cwd: `${import.meta.dirname}/..`,
    });
    port = Number((await program.prints(/port (\d+)/))[1]);
  });
  afterAll(async () => {
    await program.end();
  });
  return () => port;
}

describe("two systems on one server of Bun, with the handlers of the first", () => {
  const port = serve("of a");

  it("let no client of the second into the first: 1011, and one error that says what to write [s-H2]", async () => {
    // More often than a user may have connections: no slot is lost.
    for (let n = 0; n < 5; n++) expect((await open(port(), "/b")).first).toBe(1011);
    expect((await open(port(), "/own")).first).toBe(1011);
    const { errors, connections } = await stateOf(port());
    expect(connections).toEqual([0, 0]);
    expect(errors).toEqual([expect.stringContaining("combineBunWebSockets(a, b)")]);
  });

  it("serve the first as always [s-H2]", async () => {
    const { ws, first } = await open(port(), "/a");
    expect(first).toContain("welcome");
    expect((await stateOf(port())).connections).toEqual([1, 0]);
    ws.close();
    await until("the close", async () => (await stateOf(port())).connections[0] === 0);
  });

  it("run the application for requests of other paths only: not for upgraded ones, nor for refused ones [s-H5]", async () => {
    const { ws } = await open(port(), "/a/");
    expect((await handshake({ port: port(), target: "/a", headers: [["X-Refused", "1"]] })).status).toBe(401);
    expect((await handshake({ port: port(), target: "/a", plain: true })).status).toBe(426);
    expect((await handshake({ port: port(), target: "http://x.test/a", plain: true })).status).toBe(426);
    expect((await handshake({ port: port(), target: "/page", plain: true })).status).toBe(200);
    expect((await handshake({ port: port(), target: "/page", headers: [] })).status).toBe(200);
    ws.close();
    expect((await stateOf(port())).pages.filter((path) => path !== "/own")).toEqual(["/page", "/page"]);
  });
});

describe("two systems on one server of Bun, with combined handlers", () => {
  const port = serve("combined");

  it("each have their own sockets, beside those of the application [s-H2]", async () => {
    const opened = [
      await open(port(), "/a"),
      await open(port(), "/b"),
      await open(port(), "/b"),
      await open(port(), "/own"),
    ];
    expect(opened.map(({ first }) => first)).toEqual([
      expect.stringContaining("welcome"),
      expect.stringContaining("welcome"),
      expect.stringContaining("welcome"),
      "own",
    ]);
    const { connections, errors } = await stateOf(port());
    expect([connections, errors]).toEqual([[1, 2], []]);
    const [, ofB, , own] = opened.map(({ ws }) => ws);
    const answers: string[] = [];
    for (const ws of [ofB, own]) ws?.on("message", (data: Buffer) => answers.push(data.toString()));
    ofB?.send('{"type":"ping"}');
    own?.send("hello");
    await until(
      "both answers",
      () => answers.some((text) => text.includes("pong")) && answers.includes("own hello"),
    );
    for (const { ws } of opened) ws.close();
    await until("the closes", async () => (await stateOf(port())).connections.join() === "0,0");
  });
});

describe.each(["of a", "combined"])("a program with handlers %s that is loaded anew", (handlers) => {
  const port = serve(handlers);

  it.each([
    ["a message", (ws: WebSocket) => ws.send('{"type":"ping"}')],
    ["a pong", (ws: WebSocket) => ws.pong()],
  ])(
    "closes the socket of %s that was open before with 1012, so that its client comes back",
    async (_name, sign) => {
      const { ws, first } = await open(port(), "/a");
      expect(first).toContain("welcome");
      const closed = new Promise((resolve) => ws.once("close", resolve));
      await fetch(`http://127.0.0.1:${String(port())}/reload`);
      sign(ws);
      expect(await within(closed, () => "the close")).toBe(1012);
    },
  );
});
