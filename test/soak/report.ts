import { duration, table } from "../../scripts/table.ts";
import type { SoakOptions } from "./options.ts";
import { connectionsOf } from "./settle.ts";
import type { SoakResult } from "./soak.ts";
import type { Verdict } from "./verdict.ts";

const MIB = 1024 * 1024;
/** The time within which a page that wakes must have a reply of the server, in ms. */
const LIVE_MS = 1_000;

/** Whether no promise was broken. */
export function isClean(
  { end, errors, freeze }: SoakResult,
  { violationCount, brokenCount }: Verdict,
): boolean {
  return end.problems.length + errors.length + violationCount + brokenCount === 0 && !isLiveTooLate(freeze);
}

function isLiveTooLate(freeze: SoakResult["freeze"]): boolean {
  return freeze !== undefined && freeze.liveMs > LIVE_MS;
}

/** The report of a soak as text. */
export function reportOf(options: SoakOptions, soaked: SoakResult, verdict: Verdict): string {
  const summary = table(["", "", ""], rowsOf(soaked, verdict)).split("\n").slice(2).join("\n");
  const problems = problemsOf(soaked, verdict);
  const sum = problems.length === 0 ? "No promise was broken." : `${String(problems.length)} problems.`;
  const again = `pnpm soak --seconds ${String(options.seconds)} --seed ${String(options.seed)} --clients ${String(options.clients)} --rooms ${String(options.rooms)} --rate ${String(options.rate)} --workers ${String(options.workers)} --nodes ${String(options.nodes)}${options.redis ? " --redis" : ""}`;
  const where = problems.length === 0 ? "" : `\nAgain: ${again}\nLogs: ${soaked.directory}`;
  return [summary, ...problems, `${sum}${where}`].join("\n\n");
}

function rowsOf(
  { serverLives, openConnections, end, freeze }: SoakResult,
  { tally, counts }: Verdict,
): (string | number)[][] {
  const { receipts, gaps, requests, presence, faults, states } = tally;
  const opens = states.get("open") ?? 0;
  return [
    ["sends", counts.sent, listOf(receipts)],
    ["handled", tally.handled, ""],
    ["stored", tally.stored, ""],
    ["deliveries", counts.received, ""],
    ["gaps announced", counts.gaps, listOf(gaps)],
    ["requests", sumOf(requests), listOf(requests)],
    ["clients", counts.clients, "page loads"],
    ["reconnects", opens - counts.clients, ""],
    ["presence", sumOf(presence), listOf(presence)],
    ["faults", sumOf(faults), listOf(faults)],
    ...(freeze
      ? [
          [
            "Chromium",
            duration(freeze.frozenMs),
            `frozen, and live ${String(freeze.liveMs)} ms after it woke`,
          ],
        ]
      : []),
    [
      "servers",
      serverLives,
      `lives; ${end.stats.map(({ rssBytes }) => megabytes(rssBytes)).join(", ")} at the end`,
    ],
    ["connections", connectionsOf(end.stats), `at rest, ${String(openConnections)} in the proxy`],
    [
      "this process",
      process.getActiveResourcesInfo().length,
      `resources, ${megabytes(process.memoryUsage.rss())}`,
    ],
  ];
}

function problemsOf({ end, errors, freeze }: SoakResult, verdict: Verdict): string[] {
  const { violations, violationCount, broken, brokenCount } = verdict;
  return [
    ...violations.map(({ kind, client, channel, message, lines }) =>
      [`✗ ${kind}: ${client} ${channel}: ${message}`, ...lines.map((line) => `    ${line}`)].join("\n"),
    ),
    ...more(violationCount - violations.length, "violations"),
    ...broken.map((message) => `✗ ${message}`),
    ...more(brokenCount - broken.length, "of this kind"),
    ...end.problems.slice(0, 10).map((trouble) => `✗ at rest: ${trouble}`),
    ...more(end.problems.length - 10, "at rest"),
    ...errors.map((error) => `✗ ${error}`),
    ...(isLiveTooLate(freeze)
      ? [`✗ the page in Chromium was not live within ${String(LIVE_MS)} ms of waking`]
      : []),
  ];
}

function more(count: number, what: string): string[] {
  return count > 0 ? [`✗ ${String(count)} more ${what}`] : [];
}

function listOf(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${String(count)}`)
    .join(", ");
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / MIB))} MiB`;
}
