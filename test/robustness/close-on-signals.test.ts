// closeOnSignals, on both runtimes: a process that gets a signal ends, with what its clients, its log and its exit code say.
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { until, within } from "../support/wait.ts";

const FIXTURE = join(import.meta.dirname, "../fixtures/signals.ts");
const BEGINS = "draining and closing. A second signal ends the process at once.";

class Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly exit: Promise<readonly [code: number | null, signal: string | null]>;
  out = "";
  err = "";
  port = 0;

  constructor(runtime: "node" | "bun", options: object) {
    this.child = spawn(binaryOf(runtime), [FIXTURE, JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout.on("data", (chunk: Buffer) => (this.out += chunk.toString()));
    this.child.stderr.on("data", (chunk: Buffer) => (this.err += chunk.toString()));
    this.exit = once(this.child, "close") as Promise<[number | null, string | null]>;
  }

  async start(): Promise<this> {
    await until("the port", () => /^\d+\n/.test(this.out), 20_000);
    this.port = Number(this.out.trim());
    this.out = "";
    return this;
  }

  async connect(): Promise<V1Client> {
    const client = new V1Client({ url: `ws://127.0.0.1:${String(this.port)}/ws` }, new Page());
    await client.open();
    await client.hello();
    return client;
  }

  async code(ms = 20_000): Promise<number | null> {
    const [code] = await within(this.exit, () => `the exit: ${this.err}`, ms);
    return code;
  }
}

let programs: Program[] = [];
const start = async (runtime: "node" | "bun", options: object = {}): Promise<Program> => {
  const program = new Program(runtime, options);
  programs.push(program);
  return program.start();
};

afterEach(async () => {
  for (const { child } of programs) child.kill("SIGKILL");
  await Promise.all(programs.map(({ exit }) => exit));
  programs = [];
});

describe.each(["node", "bun"] as const)("closeOnSignals, on %s", (runtime) => {
  it("SIGTERM lets a handler and a request finish, sends the clients away, closes everything and exits with 0 [s-P6]", async () => {
    const program = await start(runtime, { windowMs: 200 });
    const client = await program.connect();
    client.post("chat_message", { content: "hello" });
    await client.sync();
    // A connection that is kept open must not keep the process.
    const agent = new Agent({ keepAlive: true });
    const request = get({ port: program.port, host: "127.0.0.1", path: "/", agent });
    await once(request, "finish");
    const answered = once(request, "response").then(([response]) => text(response as IncomingMessage));
    program.child.kill("SIGTERM");
    expect(await client.end()).toMatchObject({ code: 4012 });
    expect(JSON.parse(await answered)).toMatchObject({ ready: false });
    expect(await program.code()).toBe(0);
    agent.destroy();
    expect(program.out.split("\n")).toEqual([
      `[halyard] SIGTERM: ${BEGINS}`,
      ...["handled", "database closed", "[halyard] closed: exit code 0", ""],
    ]);
    expect(program.err).toBe("");
  });

  it("may take longer than a timer of the runtime can", async () => {
    const program = await start(runtime, { windowMs: 200, timeoutMs: 2 ** 31 });
    const client = await program.connect();
    client.post("chat_message", { content: "hello" });
    await client.sync();
    program.child.kill("SIGTERM");
    expect(await program.code()).toBe(0);
    expect(program.err).toBe("");
  });

  it("several systems of a process are all closed before it exits, once", async () => {
    const program = await start(runtime, { windowMs: 200, hasIdle: true });
    const client = await program.connect();
    client.post("chat_message", { content: "hello" });
    await client.sync();
    program.child.kill("SIGTERM");
    expect(await client.end()).toMatchObject({ code: 4012 });
    expect(await program.code()).toBe(0);
    expect(program.out.split("\n")).toEqual([
      ...[`[halyard] SIGTERM: ${BEGINS}`, `[halyard] SIGTERM: ${BEGINS}`],
      ...["handled", "database closed", "[halyard] closed: exit code 0", ""],
    ]);
  });

  it("a second signal ends the process at once, with 1 [s-P6]", async () => {
    const program = await start(runtime, { onClose: "hangs" });
    program.child.kill("SIGINT");
    await until("the first signal", () => program.out.includes(BEGINS));
    program.child.kill("SIGTERM");
    expect(await program.code()).toBe(1);
    expect(program.err).toContain("[halyard] SIGTERM again: ended at once: exit code 1\n");
  });

  it("what is not over in its time ends with 1, and so does a step that fails, which is said [s-P6]", async () => {
    const hanging = await start(runtime, { onClose: "hangs", timeoutMs: 600 });
    const failing = await start(runtime, { onClose: "throws" });
    for (const { child } of [hanging, failing]) child.kill("SIGTERM");
    expect(await hanging.code()).toBe(1);
    expect(hanging.err).toContain("[halyard] not closed within 600 ms: exit code 1\n");
    expect(await failing.code()).toBe(1);
    expect(failing.err).toContain("[halyard] onClose failed: Error: the database is gone\n");
  });
});
