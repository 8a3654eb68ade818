// The entry for Prometheus: the metrics of a manager in a registry of prom-client, which is an optional peer dependency.
// Guarantee: between two scrapes it does nothing; one scrape reads the metrics of the manager once.
import type { Metric, Registry } from "prom-client";
import { register as globalRegister } from "prom-client";
import type { Metrics } from "./management/metrics.ts";
import { METRICS } from "./management/prometheus-samples.ts";
import type { MetricDefinition } from "./management/prometheus-samples.ts";

/** The options of {@link collectHalyardMetrics}. */
export interface PrometheusOptions {
  /** @default the global registry of prom-client */
  readonly register?: Registry | undefined;
  /** Before the name of every metric. @default "halyard_" */
  readonly prefix?: string | undefined;
  /** On every metric, such as the name of the node. @default none */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * Adds what `manager.getMetrics()` says to a registry of prom-client, read at each scrape.
 *
 * @returns takes it out again
 * @throws Error for a name that the registry has already, as for a second manager without a prefix of its own
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
    // A scrape asks all metrics in one turn.
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
      // What a registry asks of a metric is its name and `get`.
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

/** A metric whose values are read when it is asked. */
class CollectedMetric {
  /** A registry for OpenMetrics changes it. */
  name: string;
  readonly help: string;
  readonly type: MetricDefinition["type"];
  readonly aggregator = "sum";
  readonly #definition: MetricDefinition;
  readonly #source: Source;

  constructor(definition: MetricDefinition, source: Source) {
    this.name = source.prefix + definition.name;
    this.help = definition.help;
    this.type = definition.type;
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

  /** The values are the manager's: there is nothing to reset. */
  reset(): void {}
}
