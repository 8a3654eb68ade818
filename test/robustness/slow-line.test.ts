// A reader whose line is slow is served at its pace; one that reads nothing is closed.
import { expect, it, onTestFinished } from "vitest";
import { SlowLine } from "../support/slow-line.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

const KIB = 1024;
const MESSAGES = 110;
const PADDING = 4 * KIB;
const BYTES_PER_SECOND = 180 * KIB;
/** Far less than the replay takes on this line. */
const LIMITS = { stalledMs: 700, heartbeatMs: 250, silenceMs: 1_500 };

interface SlowReader {
  readonly client: V1Client;
  readonly line: SlowLine;
  readonly user: string;
  readonly room: string;
}

/** A client on a slow line that has missed 450 KiB of a room, and has sent its `hello`. */
async function resumeSlowly(app: TestApp): Promise<SlowReader> {
  const [user, room, page] = [app.user(), app.room(), new Page()];
  const first = await app.v1(user, page);
  await first.join(room);
  await first.cut();
  await app.command("publish", { room, count: MESSAGES, padding: PADDING });
  const line = await new SlowLine(app.port, BYTES_PER_SECOND).start();
  onTestFinished(() => {
    line.stop();
  });
  const headers = { cookie: `session=${user}`, origin: ORIGIN };
  const client = new V1Client({ url: `ws://127.0.0.1:${String(line.port)}/ws`, headers }, page);
  await client.open();
  return { client, line, user, room };
}

onEachRuntime("a reader on a slow line", { limits: LIMITS }, (app) => {
  it("gets the whole of a large replay, and what comes after it, and is not closed as stalled or silent [s-D6]", async () => {
    const { client, room } = await resumeSlowly(app);
    await client.hello();
    await app.command("publish", { room, count: 1, padding: 0 });
    const last = client.seen((frame) => frame["text"] === "1", 10_000);
    const outcome = await Promise.race([last, client.closed]);
    expect(outcome).toMatchObject({ type: "notice" });
    expect(client.all("notice").map(({ $ }) => $?.off)).toEqual(
      Array.from({ length: MESSAGES + 1 }, (_, n) => n + 1),
    );
    expect(client.isOpen).toBe(true);
    await client.cut();
  });

  it("is closed with 4008 within its time when it reads nothing any more [s-D6]", async () => {
    const { client, line, user } = await resumeSlowly(app);
    await client.hello();
    const before = await app.journal("disconnect", user);
    line.setRate(0);
    const closed = await until("the close", async () => {
      const entries = await app.journal("disconnect", user);
      return entries.length > before.length && entries.at(-1);
    });
    expect(closed).toMatchObject({ code: 4008 });
  });
});
