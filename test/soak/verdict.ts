// Checks the logs of a soak. `main.ts` calls `judge` after the soak.
// The logs are read at most twice, and only a chunk of each is in memory.
import { createDeliveryChecker } from "@halyard/testing";
import type { DeliveryEvent, DeliveryReport, Violation } from "@halyard/testing";
import { mergeLogs } from "./log.ts";
import type { LogEvent, LogLine } from "./log.ts";
import { Tally } from "./tally.ts";

/** The result of checking the logs of a soak. */
export interface Verdict {
  readonly tally: Tally;
  readonly counts: DeliveryReport["counts"];
  readonly violationCount: number;
  /** The first violations, each with the lines around it. */
  readonly violations: readonly (Violation & { readonly lines: readonly string[] })[];
  readonly brokenCount: number;
  /** The first of the other faults. */
  readonly broken: readonly string[];
}

const MAX_SHOWN = 5;
const LINES_BEFORE = 12;
const LINES_AFTER = 4;

/** Checks the logs of all processes together. */
export function judge(logs: readonly string[]): Verdict {
  const checker = createDeliveryChecker({ maxViolations: MAX_SHOWN });
  const tally = new Tally();
  const broken: string[] = [];
  let brokenCount = 0;
  for (const line of linesOf(logs)) {
    tally.add(line);
    if (isDelivery(line)) checker.add(line);
    if (line.type !== "broken") continue;
    if (++brokenCount <= MAX_SHOWN) broken.push(`${line.client} at ${String(line.at)}: ${line.message}`);
  }
  const { violations, violationCount, counts } = checker.finish();
  const described = violations.length === 0 ? [] : describe(violations, logs);
  return { tally, counts, violationCount, violations: described, brokenCount, broken };
}

/**
 * Merges the logs and drops repeated lines. A stored message is in the log of the node that stored it and of those that received or
 * read it: the first line counts. A handler runs again if its publish may have been stored: the last run counts.
 */
function* linesOf(logs: readonly string[]): Generator<LogLine> {
  const stored = new Map<string, Set<number>>();
  const unsettled = new Set<string>();
  for (const line of mergeLogs(logs)) {
    if (line.type === "unsettled") {
      unsettled.add(`${line.node} ${line.id}`);
      continue;
    }
    if (line.type === "handled" && unsettled.delete(`${line.node} ${line.id}`)) continue;
    if (line.type === "stored") {
      const key = `${line.epoch} ${line.channel}`;
      const offsets = stored.get(key) ?? new Set();
      if (offsets.has(line.offset)) continue;
      stored.set(key, offsets.add(line.offset));
    }
    yield line;
  }
}

function describe(violations: readonly Violation[], logs: readonly string[]): Verdict["violations"] {
  const described = violations.map((violation) => ({ ...violation, lines: [] as string[], after: 0 }));
  let event = 0;
  for (const line of linesOf(logs)) {
    if (isDelivery(line)) event++;
    for (const violation of described) {
      if (!concerns(line, violation) || violation.after >= LINES_AFTER) continue;
      violation.lines.push(JSON.stringify(line));
      if (event > violation.event) violation.after++;
      else if (violation.lines.length > LINES_BEFORE) violation.lines.shift();
    }
  }
  return described.map(({ after: _, ...violation }) => violation);
}

/** Whether a line is about the client and the channel of a violation, or about every client. */
function concerns(line: LogLine, { client, channel, kind }: Violation): boolean {
  if (line.type === "fault") return line.fault === "kill";
  if (line.type === "stored" && (kind === "presence" || kind === "receipt")) return false;
  if ("client" in line && line.client !== client) return false;
  return !("channel" in line) || line.channel === channel ? line.type !== "handled" : false;
}

const NOTES: readonly LogEvent["type"][] = [
  "fault",
  "unsettled",
  "state",
  "gap_reported",
  "settled",
  "broken",
];

function isDelivery(line: LogLine): line is LogLine & DeliveryEvent {
  return !NOTES.includes(line.type);
}
