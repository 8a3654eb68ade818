import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { mergeLogs } from "./log.ts";
import type { LogEvent, LogLine } from "./log.ts";
import { reportOf } from "./report.ts";
import { judge } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

const directory = mkdtempSync(join(tmpdir(), "halyard-verdict-"));
afterAll(() => rmSync(directory, { recursive: true }));

const channel = "room:one";
const at = (client: string, offset: number, epoch = "e1") => ({ client, channel, epoch, offset });
const received = (client: string, offset: number, id = `m${String(offset)}`): LogEvent => ({
  type: "received",
  ...at(client, offset),
  id,
});
const stored = (offset: number, id = `m${String(offset)}`): LogEvent => ({
  type: "stored",
  channel,
  epoch: "e1",
  offset,
  id,
});
const handled = (id: string): LogEvent => ({ type: "handled", node: "server-1", id });
const sent = (client: string, id: string): LogEvent => ({ type: "sent", client, channel, id });
const failed = (client: string, id: string, status: "rejected" | "expired" | "unknown"): LogEvent => ({
  type: "receipt",
  client,
  id,
  status,
});
const acknowledged = (client: string, id: string, offset: number): LogEvent => ({
  type: "receipt",
  client,
  id,
  status: "delivered",
  channel,
  offset,
});
const presence = (client: string, change: "list" | "joined" | "left", ...users: string[]): LogEvent => ({
  type: "presence",
  client,
  channel,
  change,
  users,
});

/** The events of a clean run: `ada` sends three messages, and both clients receive them. */
const clean: readonly LogEvent[] = [
  { type: "positioned", ...at("ada", 0) },
  presence("ada", "list", "ada"),
  { type: "positioned", ...at("bob", 0) },
  presence("bob", "list", "ada", "bob"),
  presence("ada", "joined", "bob"),
  ...[1, 2, 3].flatMap((offset) => {
    const id = `m${String(offset)}`;
    return [
      sent("ada", id),
      handled(id),
      stored(offset),
      received("ada", offset),
      acknowledged("ada", id, offset),
      received("bob", offset),
    ];
  }),
];
const end: LogEvent = { type: "online", channel, users: ["ada", "bob"] };

/** Writes the lines of each process into a log of its own. */
function write(events: readonly LogEvent[]): string[] {
  const logs = new Map<string, string>();
  for (const [index, event] of events.entries()) {
    const name = "client" in event ? event.client : event.type === "online" ? "soak" : "server";
    logs.set(name, `${logs.get(name) ?? ""}${JSON.stringify({ at: index, ...event })}\n`);
  }
  return [...logs].map(([name, text]) => {
    const path = join(directory, `${name}.jsonl`);
    writeFileSync(path, text);
    return path;
  });
}

function judged(...events: LogEvent[]): Verdict {
  return judge(write([...events, end]));
}

/** The clean log with other events in place of one event. */
function instead(event: LogEvent, ...others: LogEvent[]): LogEvent[] {
  const text = JSON.stringify(event);
  expect(clean.map((line) => JSON.stringify(line))).toContain(text);
  return clean.flatMap((line) => (JSON.stringify(line) === text ? others : [line]));
}

describe("the logs of a soak", () => {
  it("logs are read in the order of their time, without a torn last line", () => {
    const paths = write([...clean, end]);
    writeFileSync(paths[0] ?? "", '{"at":99,"type":"clo', { flag: "a" });
    const lines: LogLine[] = [...mergeLogs(paths)];
    expect(lines.map(({ at: time }) => time)).toEqual([...clean, end].map((_, index) => index));
  });

  it("the logs of a run without faults have no violation and are counted", () => {
    const { violationCount, brokenCount, counts, tally } = judged(...clean);
    expect([violationCount, brokenCount]).toEqual([0, 0]);
    expect(counts).toMatchObject({ sent: 3, received: 6, delivered: 3 });
    expect(tally).toMatchObject({ handled: 3, stored: 3 });
  });

  it.each<[string, string, LogEvent[]]>([
    ["a silent gap", "gap bob", instead(received("bob", 2))],
    [
      "a silent new epoch",
      "gap ada",
      [...clean, { ...received("ada", 9), epoch: "e2" } as LogEvent, { type: "gap", ...at("bob", 9, "e2") }],
    ],
    [
      "a position twice",
      "duplicate bob",
      instead(received("bob", 2), received("bob", 2), received("bob", 2)),
    ],
    [
      "a message id twice",
      "duplicate bob",
      [...clean, stored(4, "m2"), received("bob", 4, "m2"), { type: "gap", ...at("ada", 4) }],
    ],
    [
      "an order swapped",
      "disorder bob",
      [
        ...clean,
        stored(4),
        stored(5),
        received("ada", 4),
        received("ada", 5),
        received("bob", 5),
        received("bob", 4),
      ],
    ],
    ["a handler that ran twice", "duplicate ada", [...clean, handled("m2")]],
    [
      "a receipt `delivered` of what is in no history",
      "receipt ada",
      [...clean, sent("ada", "m4"), acknowledged("ada", "m4", 4)],
    ],
    [
      "a receipt `delivered` with a wrong offset",
      "receipt ada",
      instead(acknowledged("ada", "m2", 2), acknowledged("ada", "m2", 7)),
    ],
    [
      "a receipt `rejected` of what was handled",
      "receipt ada",
      [...clean, sent("ada", "x"), handled("x"), failed("ada", "x", "rejected")],
    ],
    [
      "a receipt `expired` of what was handled later",
      "receipt ada",
      [...clean, sent("ada", "x"), failed("ada", "x", "expired"), handled("x")],
    ],
    [
      "an acknowledged send that was neither delivered nor announced",
      "lost bob",
      [
        ...clean,
        sent("ada", "m4"),
        handled("m4"),
        stored(4),
        received("ada", 4),
        acknowledged("ada", "m4", 4),
      ],
    ],
    ["a ghost at rest", "presence bob", [...clean, presence("bob", "joined", "eve")]],
    ["a user unseen at rest", "presence ada", instead(presence("ada", "joined", "bob"))],
    ["a user who came twice", "presence ada", [...clean, presence("ada", "joined", "bob")]],
    ["a user who went twice", "presence ada", [...clean, presence("ada", "left", "eve")]],
  ])("the checker finds %s", (_, found, events) => {
    const { violations } = judged(...events);
    expect(violations.map(({ kind, client }) => `${kind} ${client}`)).toEqual([found]);
  });

  it("the checker finds a message that the application should not have received", () => {
    const { broken } = judged(...clean, { type: "broken", client: "ada", message: "got m1 twice" });
    expect(broken).toEqual([expect.stringMatching(/^ada .*got m1 twice$/)]);
  });
});

describe("the report of a soak", () => {
  const options = {
    seconds: 1,
    seed: 77,
    clients: 2,
    rooms: 1,
    rate: 1,
    workers: 1,
    nodes: 1,
    redis: false,
    logs: undefined,
  };
  const soaked = {
    ...{ directory, logs: [], errors: [], serverLives: 1, openConnections: 2, freeze: undefined },
    end: {
      truth: new Map(),
      stats: [{ connections: 2, users: [], rooms: {}, rssBytes: 0, handles: 0 }],
      problems: [],
    },
  };

  it("the report of a clean run says that no promise was broken", () => {
    expect(reportOf(options, soaked, judged(...clean))).toContain("No promise was broken.");
  });

  it("the report shows a violation with the lines around it, the seed and the folder of the logs", () => {
    const report = reportOf(options, soaked, judged(...instead(received("bob", 2))));
    expect(report).toContain("✗ gap: bob room:one: 2 was left out, and no gap was announced");
    expect(report).toContain('"type":"received","client":"bob","channel":"room:one","epoch":"e1","offset":1');
    expect(report).toContain("--seed 77");
    expect(report).toContain(directory);
  });

  it("the report shows a page in Chromium that is live too late after it was frozen", () => {
    const report = (liveMs: number): string =>
      reportOf(options, { ...soaked, freeze: { frozenMs: 60_000, liveMs } }, judged(...clean));
    expect(report(1_000)).toContain("No promise was broken.");
    expect(report(1_001)).toContain("✗ the page in Chromium was not live within 1000 ms of waking");
  });

  it("the report shows a problem in the final state", () => {
    const end = { ...soaked.end, problems: ["ada is waiting"] };
    expect(reportOf(options, { ...soaked, end }, judged(...clean))).toContain("✗ at rest: ada is waiting");
  });
});
