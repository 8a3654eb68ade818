/** The workload of requests: every connection sends the next request as soon as it has a reply. */
import { setTimeout as pause } from "node:timers/promises";
import { UsageMeter } from "./cpu.ts";
import { costs } from "./figures.ts";
import { ClientPool } from "./client-pool.ts";
import type { ClientPoolOptions } from "./client-pool.ts";
import { FrameTemplate } from "./frames.ts";
import type { Figures, JobOf } from "./job.ts";

export async function requests(job: JobOf<"requests">, options: ClientPoolOptions): Promise<Figures> {
  const clients = new ClientPool(options);
  try {
    await clients.grow(job.connections);
    await clients.settle();
    const templates = clients.connections.map(() => new FrameTemplate(clients.dialect.getUser));
    await assertReply(clients, templates);
    let figures: Figures = {};
    for (const inFlight of job.inFlight) {
      figures = { ...figures, ...(await measureRequests(clients, templates, { ...job, inFlight })) };
    }
    return figures;
  } finally {
    clients.destroy();
  }
}

interface RequestRun {
  readonly inFlight: number;
  readonly durationMs: number;
  readonly serverPid: number;
}

async function measureRequests(
  clients: ClientPool,
  templates: readonly FrameTemplate[],
  run: RequestRun,
): Promise<Figures> {
  const { inFlight, durationMs, serverPid } = run;
  for (const [index, connection] of clients.connections.entries()) {
    const template = templates[index];
    connection.onTexts = (count) => connection.write(template?.make(count) ?? Buffer.alloc(0));
    connection.onTexts(inFlight);
  }
  await pause(durationMs * 0.4);
  const meter = new UsageMeter(serverPid);
  const before = clients.texts;
  await pause(durationMs);
  const usage = meter.read();
  const replies = clients.texts - before;
  for (const connection of clients.connections) connection.onTexts = undefined;
  await clients.settle();
  clients.assertNoneEnded();
  return costs(`${String(inFlight)} in flight`, usage, replies);
}

/** Sends one request, and checks its reply. */
async function assertReply(clients: ClientPool, templates: readonly FrameTemplate[]): Promise<void> {
  const [connection] = clients.connections;
  const [template] = templates;
  if (connection === undefined || template === undefined) return;
  let reply = "";
  connection.onText = (bytes, at, available) => {
    reply += bytes.toString("utf8", at, at + available);
  };
  connection.write(template.make(1));
  await clients.settle();
  connection.onText = undefined;
  if (!reply.includes("Ada Lovelace")) throw new Error(`the reply to a request was: ${reply}`);
}
