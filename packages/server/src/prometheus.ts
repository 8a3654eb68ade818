// The entry for Prometheus: adds the metrics of a manager to a registry of prom-client, which is an optional peer dependency.
// Guarantee: nothing runs between two scrapes; each scrape reads the metrics of the manager once.
import type { Metric, Registry } from "prom-client";
import { register as globalRegister } from "prom-client";
import type { Metrics } from "./management/metrics.ts";
import { METRICS } from "./management/prometheus-samples.ts";
import type { MetricDefinition } from "./management/prometheus-samples.ts";

/** The options of {@link collectHalyardMetrics}. */
export interface PrometheusOptions {
  /** @default the global registry of prom-client */
  readonly register?: Registry | undefined;
  /** The prefix of each metric name. @default "halyard_" */
  readonly prefix?: string | undefined;
  /** The labels of each metric, such as the name of the node. @default none */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * Adds the numbers of `manager.getMetrics()` to a registry of prom-client. They are read at each scrape.
 *
 * @returns a function that removes them again
 * @throws Error for a metric name that the registry already has, for example for a second manager without its own prefix
 * @example
 * collectHalyardMetrics(manager, { labels: { region: "eu" } });
 * const text = await register.metrics();
 */
export function collectHalyardMetrics(
  manager: { getMetrics(): Metrics },
  { register = globalRegister, prefix = "halyard_", labels = {} }: PrometheusOptions = {},
): () => void {
  let read: Metrics | undefined;
  const metrics = (): Metrics => {
    if (read !== undefined) return read;
    // A scrape asks all metrics in one turn, so the snapshot is dropped after it.
    queueMicrotask(() => {
      read = undefined;
    });
    return (read = manager.getMetrics());
  };
  const collected = METRICS.map((definition) => new CollectedMetric(definition, { metrics, prefix, labels }));
  const names: string[] = [];
  const remove = (): void => {
    for (const name of names) register.removeSingleMetric(name);
  };
  try {
    for (const metric of collected) {
      // A registry only uses the name and `get` of a metric.
      register.registerMetric(metric as unknown as Metric);
      names.push(metric.name);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}

interface Source {
  readonly metrics: () => Metrics;
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A metric whose values are read when the registry asks for them. */
class CollectedMetric {
  /** Mutable, because a registry for OpenMetrics changes it. */
  name: string;
  readonly help: string;
  readonly type: MetricDefinition["type"];
  readonly aggregator: "max" | "sum";
  readonly #definition: MetricDefinition;
  readonly #source: Source;

  constructor(definition: MetricDefinition, source: Source) {
    this.name = source.prefix + definition.name;
    this.help = definition.help;
    this.type = definition.type;
    this.aggregator = definition.aggregator ?? "sum";
    this.#definition = definition;
    this.#source = source;
  }

  get(): object {
    const { name, help, type, aggregator } = this;
    const { labels, metrics } = this.#source;
    const values = this.#definition.read(metrics()).map((sample) => ({
      value: sample.value,
      labels: { ...labels, ...sample.labels },
      metricName: `${name}${sample.suffix ?? ""}`,
    }));
    return { name, help, type, aggregator, values };
  }

  /** Does nothing, because the values belong to the manager. */
  reset(): void {}
}
