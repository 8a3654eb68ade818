// Reads the trace that Chromium writes of a page: the time that its main thread ran scripts, its longest task, and its frames.
import type { Browser, Page } from "playwright-core";

export interface TraceFigures {
  /** The time from the first task of the main thread of the page to the last one. */
  readonly seconds: number;
  /** The share of the time that scripts ran, with garbage collection, by the clock of the thread, which stops without a core. */
  readonly scripting: number;
  /** The longest task of the main thread, in ms by the clock of the thread, and in ms of real time. */
  readonly longestTaskMs: { readonly thread: number; readonly wall: number };
  /** The number of frames that were drawn. */
  readonly frames: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** In µs, as all times of a trace. */
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string; readonly data?: { readonly type?: string } };
}

const CATEGORIES = [
  "-*",
  "toplevel",
  "devtools.timeline",
  "disabled-by-default-devtools.timeline",
  "disabled-by-default-devtools.timeline.frame",
];
const TASK = "RunTask";
/** The events that the performance panel of the developer tools counts as scripting. */
const SCRIPTING =
  /^(EventDispatch|EvaluateScript|FunctionCall|TimerFire|FireAnimationFrame|RunMicrotasks|M(in|aj)orGC)$/;

/** Traces a page while an action runs. */
export async function traceOf(
  browser: Browser,
  page: Page,
  action: () => Promise<void>,
): Promise<TraceFigures> {
  await browser.startTracing(page, { categories: CATEGORIES });
  await action();
  const trace = (await browser.stopTracing()).toString();
  const { traceEvents } = JSON.parse(trace) as { readonly traceEvents: readonly TraceEvent[] };
  return figuresOf(traceEvents);
}

function figuresOf(events: readonly TraceEvent[]): TraceFigures {
  const main = mainThreadOf(events);
  const complete = events.filter(({ ph, pid, tid }) => ph === "X" && pid === main.pid && tid === main.tid);
  const inOrder = complete.toSorted((left, right) => left.ts - right.ts);
  const tasks = inOrder.filter(({ name }) => name === TASK);
  const begin = tasks[0]?.ts ?? 0;
  const end = endOf(tasks.at(-1));
  const scripts = outermost(inOrder.filter(({ name }) => SCRIPTING.test(name)));
  const scriptingUs = scripts.reduce((total, { tdur = 0 }) => total + tdur, 0);
  return {
    seconds: (end - begin) / 1e6,
    scripting: scriptingUs / (end - begin),
    longestTaskMs: {
      thread: tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0) / 1e3,
      wall: tasks.reduce((longest, { dur = 0 }) => Math.max(longest, dur), 0) / 1e3,
    },
    frames: events.filter(({ name, pid }) => name === "DrawFrame" && pid === main.pid).length,
  };
}

/** The main thread of the traced page: of the main threads of all pages the one with the most tasks. */
function mainThreadOf(events: readonly TraceEvent[]): Pick<TraceEvent, "pid" | "tid"> {
  const threads = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const tasksOf = (thread: TraceEvent) =>
    events.filter(({ name, pid, tid }) => name === TASK && pid === thread.pid && tid === thread.tid).length;
  const [busiest] = threads.toSorted((left, right) => tasksOf(right) - tasksOf(left));
  if (busiest === undefined) throw new Error("The trace has no page");
  return busiest;
}

/** The events that are not within another one. */
function outermost(inOrder: readonly TraceEvent[]): TraceEvent[] {
  let end = -1;
  return inOrder.filter((event) => {
    const isOutermost = event.ts >= end;
    end = Math.max(end, endOf(event));
    return isOutermost;
  });
}

function endOf(event: TraceEvent | undefined): number {
  return event === undefined ? 0 : event.ts + (event.dur ?? 0);
}
