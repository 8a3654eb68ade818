import { setTimeout as pause } from "node:timers/promises";
import { dialects } from "../load/dialect.ts";
import { Fleet } from "../load/client-pool.ts";
import { textFrame } from "../load/frames.ts";
import { LatencyMeter } from "../load/latency.ts";
import { keepUnderWay } from "../load/in-flight.ts";
import type { ServerProcess } from "../processes/server-process.ts";
import type { ServerSpec } from "../processes/servers.ts";

const PATIENCE_MS = 30_000;
/** `{"type":"posted","text":""}` makes it 128 B. */
const TEXT_BYTES = 101;

export interface Feed extends Disposable {
  /** Speaks for so long, and resolves when the page has taken in all of it. */
  readonly say: (durationMs: number) => Promise<void>;
}

export interface FeedOptions {
  readonly spec: ServerSpec;
  readonly server: ServerProcess;
  /** How many messages the page has taken in. */
  readonly taken: () => Promise<number>;
}

/** Two connections beside the page: one talks, and does so as fast as the other one hears it. */
export async function feed({ spec, server, taken }: FeedOptions): Promise<Feed> {
  const dialect = dialects[spec.dialects.plain];
  const fleet = new Fleet({ dialect, port: server.port, isCompressed: false });
  await fleet.grow(2);
  const [speaker, watcher] = fleet.connections;
  if (speaker === undefined || watcher === undefined) throw new Error("nobody speaks");
  const send = (count: number): void => {
    const texts = Array.from({ length: count }, () =>
      dialect.post(LatencyMeter.stamp(TEXT_BYTES), ++speaker.seq),
    );
    speaker.write(Buffer.concat(texts.map(textFrame)));
  };
  await untilHeard(() => send(1), taken);
  return {
    say: async (durationMs) => {
      const serverPid = server.process.pid ?? 0;
      const delivered = (): number => watcher.texts;
      await keepUnderWay({
        fleet,
        serverPid,
        underWay: 16,
        durationMs,
        watchers: [watcher],
        send,
        delivered,
      });
      fleet.assertWhole();
      await untilQuiet(taken);
    },
    [Symbol.dispose]: () => fleet.destroy(),
  };
}

/** The page connects in its own time. */
async function untilHeard(say: () => void, taken: () => Promise<number>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await taken()) === 0) {
    if (performance.now() > deadline) throw new Error("the page does not connect");
    say();
    await pause(50);
  }
  await untilQuiet(taken);
}

async function untilQuiet(taken: () => Promise<number>): Promise<void> {
  let count = -1;
  for (let last = -2; last !== count; count = await taken()) {
    last = count;
    await pause(200);
  }
}
