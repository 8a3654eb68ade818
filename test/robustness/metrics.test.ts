// The metrics of a node: what `manager.getMetrics()` counts, and what a scrape of it is, read by a parser of the text format.
import { defineProtocol, message, request } from "@halyard/protocol";
import { collectHalyardMetrics } from "@halyard/server/prometheus";
import parsePrometheusTextFormat from "parse-prometheus-text-format";
import { AggregatorRegistry, register as globalRegister, Registry } from "prom-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";

interface Family {
  readonly name: string;
  readonly type: string;
  readonly metrics: readonly {
    readonly value?: string;
    readonly labels?: Readonly<Record<string, string>>;
  }[];
}

const protocol = defineProtocol({
  clientMessages: { note: message(z.object({ text: z.string() })) },
  serverMessages: { notice: message(z.object({ text: z.string() })) },
  requests: { sum: request({ input: z.array(z.int()), output: z.int() }) },
});

/** Two readers on a node, and a client that has written, asked and come back. */
async function scene() {
  const nodes = new TwoNodes({ protocol, limits: { historyMessages: 3 } });
  const { handlers, manager } = nodes.a;
  handlers.on("note" as never, () => nodes.clock.advance(0));
  handlers.onRequest("sum" as never, () => {
    throw new Error("no sum");
  });
  const clientId = newClientId();
  const ada = await nodes.connect(nodes.a, "ada", { clientId, rooms: ["a"] });
  await nodes.connect(nodes.a, "bob", { rooms: ["a", "b"] });
  ada.say({ type: "note", text: "x", $: { seq: 1 } });
  ada.say({ type: "request", name: "sum", input: [1], $: { id: "r1" } });
  ada.say({ type: "secret-text-of-a-client", $: { seq: 2 } });
  await nodes.run(1_000);
  const { channels } = ada.of("welcome")[0] as unknown as {
    readonly channels: Readonly<Record<string, { readonly epoch: string; readonly off: number }>>;
  };
  const positions = Object.entries(channels).map(([ch, { epoch, off }]) => ({ ch, epoch, off }));
  ada.close(1006);
  const publish = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) void manager.sendToRoom("a", { type: "notice", text: "n" } as never);
    await nodes.run(1_000);
  };
  await publish(2);
  const back = await nodes.connect(nodes.a, "ada", { clientId, attempt: 2, rooms: ["a"], positions });
  back.close(1006);
  await publish(70);
  await nodes.connect(nodes.a, "ada", { clientId, attempt: 3, rooms: ["a"], positions });
  return { nodes, metrics: () => manager.getMetrics() };
}

describe("getMetrics", () => {
  it("counts messages and bytes by type and direction, rooms, gaps, recoveries, handlers and queues [issue 14]", async () => {
    const { metrics } = await scene();
    const now = metrics();
    expect(now).toMatchObject({
      totalUsers: 2,
      totalConnections: 2,
      rooms: 2,
      recoveries: 1,
      slowReaders: 0,
    });
    expect(now.received).toMatchObject({
      hello: { messages: 4 },
      note: { messages: 1, bytes: '{"type":"note","text":"x","$":{"seq":1}}'.length },
      request: { messages: 1 },
      other: { messages: 1 },
    });
    expect(JSON.stringify(now)).not.toContain("secret-text");
    // Two messages live and replayed, and seventy live: one reader each, or two.
    expect(now.sent["notice"]).toMatchObject({ messages: 2 + 2 + 70 });
    expect(now.sent["welcome"]).toMatchObject({ messages: 4 });
    expect(now.replayed).toBe(2);
    expect(now.gaps).toEqual({ lost: 0, trimmed: 1, too_many: 0, forbidden: 0 });
    expect(now.handlers["sum"]?.failures).toBe(1);
    expect(now.handlers["note"]?.time.counts.reduce((sum, count) => sum + count)).toBe(1);
    expect(now.handlers["note"]?.time.counts).toHaveLength(
      (now.handlers["note"]?.time.limitsMs.length ?? 0) + 1,
    );
    expect(now.queues).toEqual({ waitingSends: 0, waitingRequests: 0, runningRequests: 0, bufferedBytes: 0 });
  });
});

describe("collectHalyardMetrics", () => {
  it("gives prom-client what a parser of the text format reads, with the numbers of getMetrics [issue 14]", async () => {
    const { metrics } = await scene();
    const register = new Registry();
    let reads = 0;
    const manager = { getMetrics: () => (reads++, metrics()) };
    const remove = collectHalyardMetrics(manager, { register, labels: { region: "eu" } });
    const text = await register.metrics();
    const families = parsePrometheusTextFormat(text) as readonly Family[];
    expect(reads).toBe(1);
    const valueOf = (name: string, labels: object = {}): string | undefined =>
      families
        .find((family) => family.name === name)
        ?.metrics.find(
          (metric) => JSON.stringify(metric.labels) === JSON.stringify({ region: "eu", ...labels }),
        )?.value;
    const { sent, received, replayed } = metrics();
    expect(valueOf("halyard_sent_messages_total", { type: "notice" })).toBe(String(sent["notice"]?.messages));
    expect(valueOf("halyard_received_bytes_total", { type: "note" })).toBe(String(received["note"]?.bytes));
    expect(valueOf("halyard_replayed_messages_total")).toBe(String(replayed));
    expect(valueOf("halyard_gaps_total", { reason: "trimmed" })).toBe("1");
    expect(valueOf("halyard_connections")).toBe("2");
    const times = families.find(({ name }) => name === "halyard_handler_seconds");
    expect(times?.type).toBe("HISTOGRAM");
    // The parser puts the labels of a histogram together.
    expect(text).toContain('halyard_handler_seconds_bucket{region="eu",le="+Inf",type="note"} 1\n');
    expect(text).toContain('halyard_handler_seconds_count{region="eu",type="note"} 1\n');
    expect(families.every(({ name }) => name.startsWith("halyard_"))).toBe(true);
    remove();
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it("gives the workers of one cluster the lag of the slowest of them, and the sum of their connections", async () => {
    const { metrics } = await scene();
    const workers = [0.2, 0.3].map(async (lag) => {
      const register = new Registry();
      const eventLoopLag = { p50: 1_000 * lag, p99: 1_000 * lag, max: 1_000 * lag };
      collectHalyardMetrics({ getMetrics: () => ({ ...metrics(), eventLoopLag }) }, { register });
      return register.getMetricsAsJSON();
    });
    const text = await AggregatorRegistry.aggregate(await Promise.all(workers)).metrics();
    expect(text).toContain('halyard_event_loop_lag_seconds{quantile="0.99"} 0.3\n');
    expect(text).toContain("halyard_connections 4\n");
  });

  it("refuses a second manager without a prefix of its own, and leaves nothing of it [issue 14]", async () => {
    const { metrics } = await scene();
    const manager = { getMetrics: metrics };
    const remove = collectHalyardMetrics(manager);
    onTestFinished(remove);
    const before = globalRegister.getMetricsAsArray().length;
    expect(() => collectHalyardMetrics(manager)).toThrow("halyard_users");
    const second = collectHalyardMetrics(manager, { prefix: "second_" });
    second();
    expect(globalRegister.getMetricsAsArray()).toHaveLength(before);
    const open = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
    open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    collectHalyardMetrics(manager, { register: open as never });
    expect(await open.metrics()).toMatch(/halyard_recoveries_total\{?\}? 1\n[^]*# EOF\n$/);
  });
});
