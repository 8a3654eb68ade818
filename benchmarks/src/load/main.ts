/** The program of the load process. The benchmark starts one for each measurement, gives it one job, and ends it. */
import { readFileSync } from "node:fs";
import { errorMessage } from "../utils/error-message.ts";
import { connects, idle, signedIn } from "./arrivals.ts";
import { chat, fanOut } from "./broadcast.ts";
import { dialects } from "./dialect.ts";
import { direct } from "./direct.ts";
import type { Sessions } from "./client-pool.ts";
import type { Figures, FromLoad, Job, Memory, ToLoad } from "./job.ts";
import { office } from "./office.ts";
import { presence } from "./presence.ts";
import { requests } from "./requests.ts";
import { rooms } from "./rooms.ts";
import { slowReader } from "./slow-reader.ts";
import { typing } from "./typing.ts";

let onMemory: ((memory: Memory) => void) | undefined;

process.on("message", (message: ToLoad) => {
  if ("memory" in message) onMemory?.(message.memory);
  else
    run(message.job).then(
      (figures) => send({ figures }),
      (error: unknown) => send({ failure: errorMessage(error) }),
    );
});
process.on("disconnect", () => process.exit());

function run(job: Job): Promise<Figures> {
  const options = {
    ...{ dialect: dialects[job.dialect], port: job.port, nodes: job.nodes },
    isCompressed: job.kind === "fan-out" && job.isCompressed === true,
    sessions: job.cookies === undefined ? undefined : readSessions(job.cookies),
  };
  switch (job.kind) {
    case "fan-out":
      return fanOut(job, options);
    case "chat":
      return chat(job, options);
    case "rooms":
      return rooms(job, options);
    case "direct":
      return direct(job, options);
    case "office":
      return office(job, options);
    case "typing":
      return typing(job, options);
    case "requests":
      return requests(job, options);
    case "connects":
      return connects(job, options);
    case "idle":
      return idle(job, { ...options, requestMemory });
    case "signed-in":
      return signedIn(job, { ...options, requestMemory });
    case "presence":
      return presence(job, options);
    case "slow-reader":
      return slowReader(job, { ...options, requestMemory });
  }
}

function readSessions(file: string): Sessions {
  return JSON.parse(readFileSync(file, "utf8")) as Sessions;
}

function requestMemory(): Promise<Memory> {
  return new Promise((resolve) => {
    onMemory = resolve;
    send({ request: "memory" });
  });
}

function send(message: FromLoad): void {
  process.send?.(message);
}
