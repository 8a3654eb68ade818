// Converts the metrics of a node to samples for Prometheus. Used by prometheus.ts, which passes them to prom-client.
import type { Histogram } from "../metrics/handler-times.ts";
import type { Traffic } from "../metrics/traffic-counters.ts";
import type { Metrics } from "./metrics.ts";

type Labels = Readonly<Record<string, string | number>>;

/** One line of a metric. */
interface Sample {
  readonly value: number;
  readonly labels: Labels;
  /** Appended to the metric's name. @default nothing */
  readonly suffix?: string | undefined;
}

/** A metric, and how to read its samples. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** How prom-client joins the values of the workers of one `node:cluster`. @default "sum" */
  readonly aggregator?: "max" | undefined;
  readonly read: (metrics: Metrics) => readonly Sample[];
}

type Read = MetricDefinition["read"];

const gauge = (name: string, help: string, read: Read): MetricDefinition => ({
  name,
  help,
  type: "gauge",
  read,
});
const counter = (name: string, help: string, read: Read): MetricDefinition => ({
  name: `${name}_total`,
  help,
  type: "counter",
  read,
});

const one =
  (read: (metrics: Metrics) => number): Read =>
  (metrics) => [{ value: read(metrics), labels: {} }];

const byType = <TItem>(
  read: (metrics: Metrics) => Readonly<Record<string, TItem>>,
  value: (item: TItem) => number,
): Read => {
  return (metrics) =>
    Object.entries(read(metrics)).map(([type, item]) => ({ value: value(item), labels: { type } }));
};

const messages = ({ messages: count }: Traffic): number => count;
const bytes = ({ bytes: count }: Traffic): number => count;
const seconds = (ms: number): number => ms / 1_000;

function histogramSamples(type: string, { counts, limitsMs, sumMs }: Histogram): readonly Sample[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    const limitMs = limitsMs[index];
    const le = limitMs === undefined ? "+Inf" : seconds(limitMs);
    return { suffix: "_bucket", labels: { le, type }, value: (total += count) };
  });
  return [
    ...buckets,
    { suffix: "_sum", labels: { type }, value: seconds(sumMs) },
    { suffix: "_count", labels: { type }, value: total },
  ];
}

/** Every metric of a node. */
export const METRICS: readonly MetricDefinition[] = [
  gauge(
    "users",
    "Users of this node.",
    one(({ totalUsers }) => totalUsers),
  ),
  gauge(
    "connections",
    "Connections of this node.",
    one(({ totalConnections }) => totalConnections),
  ),
  gauge(
    "rooms",
    "Rooms that connections of this node are in.",
    one(({ rooms }) => rooms),
  ),
  gauge(
    "handshakes",
    "Handshakes that are not decided yet.",
    one(({ handshakes }) => handshakes),
  ),
  counter(
    "received_messages",
    "Messages of clients.",
    byType(({ received }) => received, messages),
  ),
  counter(
    "received_bytes",
    "Size of the messages of clients.",
    byType(({ received }) => received, bytes),
  ),
  counter(
    "sent_messages",
    "Deliveries to clients.",
    byType(({ sent }) => sent, messages),
  ),
  counter(
    "sent_bytes",
    "Size of the deliveries to clients.",
    byType(({ sent }) => sent, bytes),
  ),
  {
    name: "handler_seconds",
    help: "Time of messages and requests from their turn to their answer.",
    type: "histogram",
    read: ({ handlers }) =>
      Object.entries(handlers).flatMap(([type, { time }]) => histogramSamples(type, time)),
  },
  counter(
    "handler_failures",
    "Failures of handlers.",
    byType(
      ({ handlers }) => handlers,
      ({ failures }) => failures,
    ),
  ),
  counter("gaps", "Gaps that clients were told of.", ({ gaps }) =>
    Object.entries(gaps).map(([reason, value]) => ({ value, labels: { reason } })),
  ),
  counter(
    "recoveries",
    "Resumes that got everything that was missed.",
    one(({ recoveries }) => recoveries),
  ),
  counter(
    "replayed_messages",
    "Messages that were replayed.",
    one(({ replayed }) => replayed),
  ),
  counter(
    "thinned_messages",
    "Ephemeral messages of clients that were left out.",
    one(({ thinned }) => thinned),
  ),
  counter(
    "dropped_deliveries",
    "Ephemeral deliveries that slow readers did not get.",
    one(({ dropped }) => dropped),
  ),
  counter(
    "slow_readers",
    "Connections closed because they read too slowly.",
    one(({ slowReaders }) => slowReaders),
  ),
  gauge(
    "waiting_sends",
    "Sends that wait for their turn.",
    one(({ queues }) => queues.waitingSends),
  ),
  gauge(
    "waiting_requests",
    "Requests that wait.",
    one(({ queues }) => queues.waitingRequests),
  ),
  gauge(
    "running_requests",
    "Requests that run.",
    one(({ queues }) => queues.runningRequests),
  ),
  gauge(
    "buffered_bytes",
    "Bytes that wait to be written.",
    one(({ queues }) => queues.bufferedBytes),
  ),
  gauge(
    "history_bytes",
    "Memory of the history.",
    one(({ history }) => history.bytes),
  ),
  counter(
    "history_evicted_messages",
    "Messages given up for the memory of the history.",
    one(({ history }) => history.evicted),
  ),
  counter("security_events", "Security events.", ({ security }) =>
    Object.entries(security).flatMap(([kind, reasons]) =>
      Object.entries(reasons).map(([reason, value]) => ({ value, labels: { kind, reason } })),
    ),
  ),
  {
    name: "event_loop_lag_seconds",
    help: "Lag of the event loop in the last 10 s.",
    type: "gauge",
    aggregator: "max",
    read: ({ eventLoopLag }) => [
      { value: seconds(eventLoopLag.p50), labels: { quantile: "0.5" } },
      { value: seconds(eventLoopLag.p99), labels: { quantile: "0.99" } },
      { value: seconds(eventLoopLag.max), labels: { quantile: "1" } },
    ],
  },
];
