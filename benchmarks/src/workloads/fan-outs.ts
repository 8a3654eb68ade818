/** The workloads in which one connection sends to all others. */
import type { FanOutPart } from "../load/job.ts";
import { cpu, rate, RUNS } from "./workload.ts";
import type { FigureSpec, Scale, Workload } from "./workload.ts";

const STEADY = 30_000;
/** The servers on `ws`, whose figures are close to those of `ws`. */
const BUILT_ON_WS = ["crossws", "hono"];

/** The fan-outs to few and many receivers, with short and long messages, at full speed and at a fixed rate. */
export function fanOuts(scale: Scale): Workload[] {
  if (scale.isQuick) return [boundedFanOut(scale)];
  return [
    fanOutOfBothSizes(100, scale),
    boundedFanOut(scale),
    fanOut(1_000, [2_048], scale),
    fanOutOfBothSizes(5_000, scale),
    compressed(scale),
  ];
}

/** The workload of most bounds, with more runs, every peer, and a part with one message in flight. */
function boundedFanOut(scale: Scale): Workload {
  const base = fanOut(1_000, [128], scale);
  if (base.plan.kind !== "fan-out") return base;
  // The parts with five runs take longer than all others together.
  const parts: FanOutPart[] = base.plan.parts.map((part) =>
    "inFlight" in part ? part : { ...part, runs: 5 },
  );
  parts.splice(1, 0, { name: "w1", inFlight: 1, runs: 5 });
  const figures = [...base.figures];
  figures.splice(1, 0, cpu("w1", "1 in flight"));
  return {
    ...base,
    about: `CPU time of the server per delivery, with 16 messages in flight and with 1. ${STEADY_PHASE}`,
    plan: { ...base.plan, parts },
    figures,
    without: [],
    runs: 7,
    onlyFirstRuns: BUILT_ON_WS,
  };
}

function fanOutOfBothSizes(connections: number, scale: Scale): Workload {
  return { ...fanOut(connections, [128, 2_048], scale), id: `fan-out-${String(connections)}` };
}

const STEADY_PHASE = `Then, at a steady ${STEADY.toLocaleString("en")} deliveries/s, the latency of a delivery.`;

function fanOut(connections: number, sizes: readonly number[], { durationMs }: Scale): Workload {
  const names = sizes.map((bytes) => ({ bytes, name: sizes.length === 1 ? "" : ` ${nameOf(bytes)}` }));
  return {
    id: `fan-out-${String(connections)}-${sizes.join("-")}`,
    title: `Fan-out to ${connections.toLocaleString("en")} connections, ${sizes.map(nameOf).join(" and ")}`,
    about: `One connection posts, all others receive it; CPU time of the server per delivery, with 16 messages in flight. ${STEADY_PHASE}`,
    dialect: "plain",
    plan: {
      ...{ kind: "fan-out", connections, durationMs },
      bytes: sizes[0] ?? 128,
      parts: names.flatMap(({ bytes, name }, index): FanOutPart[] => [
        { name: `w16${name}`, bytes, inFlight: 16 },
        ...(index === 0 ? [{ name: `steady${name}`, bytes, deliveriesPerSecond: STEADY }] : []),
      ]),
    },
    figures: names.flatMap(({ name }, index): FigureSpec[] => [
      cpu(`w16${name}`, `${name} 16 in flight`.trim(), true),
      ...(index === 0 ? latencies(name) : []),
      ...(name === "" ? [rate("w16", "deliveries/s")] : []),
    ]),
    without: BUILT_ON_WS,
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
    title: "Fan-out to 1,000 connections, 2 KB of text, compressed",
    about:
      "Every connection has negotiated permessage-deflate; 16 messages in flight, CPU of all threads per delivery. " +
      "Halyard deflates a message once, its peers once per connection.",
    dialect: "plain",
    plan: {
      ...{ kind: "fan-out", connections: 1_000, bytes: 2_048, isCompressed: true, durationMs },
      parts: [{ name: "w16", inFlight: 16 }],
    },
    figures: [cpu("w16", "CPU per delivery", true), rate("w16", "deliveries/s")],
    without: ["halyard-bun", "ws-tick", "crossws", "hono", "bun", "uwebsockets"],
    runs: RUNS,
  };
}
