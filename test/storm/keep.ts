// Measures the memory that a user can make the server keep: each row of the table in docs/security.md.
// `pnpm storm --keep` runs every case against a fresh server whose rates are high, so that the case reaches the other limits.
// The bounds are computed from the default limits, in MiB; a text takes two bytes a character.
import { DEFAULT_LIMITS } from "@halyard/server";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { atMost } from "./bound.ts";
import type { Bound } from "./bound.ts";
import { KEEP_CASES } from "./keep-cases.ts";
import type { KeepCase } from "./keep-cases.ts";

const MIB = 1024 * 1024;
/** The memory of the code that the engine compiles while a case runs for the first time. */
const CODE_MIB = 4;
const { userWaitingSends, waitingSends, messageBytes, historyTotalBytes, handlerMs } = DEFAULT_LIMITS;

/** Runs the cases whose names contain `only`; all cases with an empty text. */
export async function keep(runtime: Runtime, only: string): Promise<readonly Bound[]> {
  const bounds: Bound[] = [];
  for (const keepCase of KEEP_CASES) {
    if (!keepCase.name.includes(only)) continue;
    const bytes = await measure(runtime, keepCase);
    const { boundMib, bunFactor = 1, name } = keepCase;
    const bound = boundMib * (runtime === "bun" ? bunFactor : 1) + CODE_MIB;
    bounds.push(atMost(name, Math.round((10 * bytes) / MIB) / 10, bound));
  }
  return bounds;
}

/** The growth of the heap and of external memory, in bytes; of resident memory for a case that says so. */
async function measure(runtime: Runtime, { fill, isResident }: KeepCase): Promise<number> {
  const limits = { userWaitingSends, waitingSends, messageBytes, historyTotalBytes, handlerMs };
  const server = new AppServer(
    runtime,
    { boundsJournal: true, limits: { ...limits, ...HIGH } },
    `${runtime}.ts`,
  );
  const read = async (): Promise<number> => {
    // Buffers that the first collection finds are free only after the second one.
    await server.command("memory");
    const memory = (await server.command("memory")) as { heap: number; external: number; rss: number };
    return isResident === true ? memory.rss : memory.heap + memory.external;
  };
  try {
    const port = await server.listen();
    const before = await read();
    const end = await fill({ port, server });
    const after = await read();
    await end();
    return after - before;
  } finally {
    await server.stop();
  }
}

const HIGH = {
  userMessagesPerSecond: 1e6,
  userMessageBurst: 1e6,
  userBytesPerSecond: 1e9,
  userByteBurst: 1e9,
  userChatPerSecond: 1e6,
  userChatBurst: 1e6,
};
