import { setTimeout as pause } from "node:timers/promises";
import { UsageMeter } from "./cpu.ts";
import { costs } from "./figures.ts";
import { Fleet } from "./client-pool.ts";
import type { FleetOptions } from "./client-pool.ts";
import { FrameTemplate } from "./frames.ts";
import type { Figures, JobOf } from "./job.ts";

/** Every connection asks again as soon as it is answered. */
export async function requests(job: JobOf<"requests">, options: FleetOptions): Promise<Figures> {
  const fleet = new Fleet(options);
  try {
    await fleet.grow(job.connections);
    await fleet.settle();
    const templates = fleet.connections.map(() => new FrameTemplate(fleet.dialect.lookUp));
    await check(fleet, templates);
    let figures: Figures = {};
    for (const underWay of job.underWay) {
      figures = { ...figures, ...(await ask(fleet, templates, { ...job, underWay })) };
    }
    return figures;
  } finally {
    fleet.destroy();
  }
}

interface Asking {
  readonly underWay: number;
  readonly durationMs: number;
  readonly serverPid: number;
}

async function ask(fleet: Fleet, templates: readonly FrameTemplate[], asking: Asking): Promise<Figures> {
  const { underWay, durationMs, serverPid } = asking;
  for (const [index, connection] of fleet.connections.entries()) {
    const template = templates[index];
    connection.onTexts = (count) => connection.write(template?.make(count) ?? Buffer.alloc(0));
    connection.onTexts(underWay);
  }
  await pause(durationMs * 0.4);
  const meter = new UsageMeter(serverPid);
  const before = fleet.texts;
  await pause(durationMs);
  const usage = meter.read();
  const answered = fleet.texts - before;
  for (const connection of fleet.connections) connection.onTexts = undefined;
  await fleet.settle();
  fleet.assertWhole();
  return costs(`${String(underWay)} under way`, usage, answered);
}

/** One request, whose answer must be the right one. */
async function check(fleet: Fleet, templates: readonly FrameTemplate[]): Promise<void> {
  const [connection] = fleet.connections;
  const [template] = templates;
  if (connection === undefined || template === undefined) return;
  let answer = "";
  connection.onText = (bytes, at, available) => {
    answer += bytes.toString("utf8", at, at + available);
  };
  connection.write(template.make(1));
  await fleet.settle();
  connection.onText = undefined;
  if (!answer.includes("Ada Lovelace")) throw new Error(`a request was answered with: ${answer}`);
}
