import type { FanOutPart } from "../load/job.ts";
import { cpu, rate, RUNS } from "./workload.ts";
import type { FigureSpec, Scale, Workload } from "./workload.ts";

const STEADY = 30_000;
/** They are ws inside. */
const WRAPPERS = ["crossws", "hono"];

/** Everything that one connection says to all: to few and many, little and much, at full speed and at leisure. */
export function fanOuts(scale: Scale): Workload[] {
  if (scale.isQuick) return [inEarnest(scale)];
  return [
    several(100, scale),
    inEarnest(scale),
    fanOut(1_000, [2_048], scale),
    several(5_000, scale),
    compressed(scale),
  ];
}

/** What most bounds are about: more runs, each peer, and a single message under way. */
function inEarnest(scale: Scale): Workload {
  const base = fanOut(1_000, [128], scale);
  if (base.plan.kind !== "fan-out") return base;
  // Five are enough for these: they take longer than the rest together.
  const parts: FanOutPart[] = base.plan.parts.map((part) =>
    "underWay" in part ? part : { ...part, runs: 5 },
  );
  parts.splice(1, 0, { name: "w1", underWay: 1, runs: 5 });
  const figures = [...base.figures];
  figures.splice(1, 0, cpu("w1", "1 under way"));
  return {
    ...base,
    about: `CPU time of the server per delivery, with 16 messages under way and with 1. ${STEADILY}`,
    plan: { ...base.plan, parts },
    figures,
    without: [],
    runs: 7,
    inThree: WRAPPERS,
  };
}

function several(connections: number, scale: Scale): Workload {
  return { ...fanOut(connections, [128, 2_048], scale), id: `fan-out-${String(connections)}` };
}

const STEADILY = `Then, at a steady ${STEADY.toLocaleString("en")} deliveries/s, how long a message takes.`;

function fanOut(connections: number, sizes: readonly number[], { durationMs }: Scale): Workload {
  const names = sizes.map((bytes) => ({ bytes, name: sizes.length === 1 ? "" : ` ${nameOf(bytes)}` }));
  return {
    id: `fan-out-${String(connections)}-${sizes.join("-")}`,
    title: `Fan-out to ${connections.toLocaleString("en")} connections, ${sizes.map(nameOf).join(" and ")}`,
    about: `One connection posts, everyone gets it; CPU time of the server per delivery, with 16 messages under way. ${STEADILY}`,
    dialect: "plain",
    plan: {
      ...{ kind: "fan-out", connections, durationMs },
      bytes: sizes[0] ?? 128,
      parts: names.flatMap(({ bytes, name }, index): FanOutPart[] => [
        { name: `w16${name}`, bytes, underWay: 16 },
        ...(index === 0 ? [{ name: `steady${name}`, bytes, deliveriesPerSecond: STEADY }] : []),
      ]),
    },
    figures: names.flatMap(({ name }, index): FigureSpec[] => [
      cpu(`w16${name}`, `${name} 16 under way`.trim(), true),
      ...(index === 0 ? latencies(name) : []),
      ...(name === "" ? [rate("w16", "deliveries/s")] : []),
    ]),
    without: WRAPPERS,
  };
}

function latencies(name: string): FigureSpec[] {
  return [
    { key: `steady${name}.p50Ms`, title: `${name} p50`.trim(), unit: "ms", better: "less" },
    { key: `steady${name}.p99Ms`, title: `${name} p99`.trim(), unit: "ms", better: "less" },
  ];
}

function nameOf(bytes: number): string {
  return bytes < 1_024 ? `${String(bytes)} B` : `${String(bytes / 1_024)} KB`;
}

function compressed({ durationMs }: Scale): Workload {
  return {
    id: "compressed-1000-2048",
    title: "Fan-out to 1,000 connections, 2 KB of prose, compressed",
    about:
      "permessage-deflate is on and agreed upon by every connection; 16 messages under way, CPU of all threads per delivery. " +
      "Halyard deflates a message once, its peers once per connection.",
    dialect: "plain",
    plan: {
      ...{ kind: "fan-out", connections: 1_000, bytes: 2_048, isCompressed: true, durationMs },
      parts: [{ name: "w16", underWay: 16 }],
    },
    figures: [cpu("w16", "CPU per delivery", true), rate("w16", "deliveries/s")],
    without: ["halyard-bun", "ws-tick", "crossws", "hono", "bun", "uwebsockets"],
    runs: RUNS,
  };
}
