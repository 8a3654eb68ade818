import type { DeliveryEvent, DeliveryReport } from "./delivery-event.ts";
import { Findings } from "./violation-list.ts";
import { Readings } from "./read-tracker.ts";
import { Rosters } from "./roster-tracker.ts";
import { Sends } from "./send-tracker.ts";

export interface DeliveryCheckerOptions {
  /** How many violations are described; all are counted. @default 1_000 */
  readonly maxViolations?: number | undefined;
}

/** Checks a log of deliveries as it grows. */
export interface DeliveryChecker {
  /** The next event of the log. */
  add(event: DeliveryEvent): void;
  /** The log ends, at rest: whoever reads a channel has had the time to get everything. Nothing is added after it. */
  finish(): DeliveryReport;
}

/**
 * Makes a checker for logs of any length. It keeps a few numbers for each client and channel, and one entry for each
 * message; deliveries, of which there are many more, leave nothing behind.
 *
 * @example
 * const checker = createDeliveryChecker();
 * for await (const line of lines) checker.add(JSON.parse(line) as DeliveryEvent);
 * const { violations } = checker.finish();
 */
export function createDeliveryChecker(options: DeliveryCheckerOptions = {}): DeliveryChecker {
  return new LogChecker(options);
}

/**
 * Says every violation of what Halyard promises about delivery that a log shows. Nothing but the log is needed: what
 * one client got, every other reader of the channel must get, too, unless it was told of a gap.
 *
 * @example
 * const { violations } = checkDelivery(log);
 * expect(violations).toEqual([]);
 */
export function checkDelivery(
  log: Iterable<DeliveryEvent>,
  options: DeliveryCheckerOptions = {},
): DeliveryReport {
  const checker = createDeliveryChecker(options);
  for (const event of log) checker.add(event);
  return checker.finish();
}

type Placed = Extract<DeliveryEvent, { type: "received" | "stored" }>;

const MAX_VIOLATIONS = 1_000;

class LogChecker implements DeliveryChecker {
  readonly #findings: Findings;
  readonly #readings: Readings;
  readonly #sends = new Sends();
  readonly #rosters = new Rosters();
  readonly #clients = new Set<string>();
  /** The log tells what the nodes stored. */
  #isComplete = false;
  readonly #counts = { received: 0, delivered: 0, gaps: 0 };

  constructor({ maxViolations = MAX_VIOLATIONS }: DeliveryCheckerOptions) {
    this.#findings = new Findings(maxViolations);
    this.#readings = new Readings(this.#findings, this.#sends);
  }

  add(event: DeliveryEvent): void {
    this.#findings.events++;
    if ("client" in event) this.#clients.add(event.client);
    switch (event.type) {
      case "received":
        return this.#received(event);
      case "stored":
        this.#isComplete = true;
        this.#readings.stored(event);
        return this.#seen(event, "");
      case "handled":
        return this.#handled(event);
      case "positioned":
      case "skipped":
        return this.#readings.positioned(event);
      case "gap":
        this.#counts.gaps++;
        return this.#readings.gap(event);
      case "left":
        this.#rosters.forget(event.client, event.channel);
        return this.#readings.left(event.client, event.channel);
      case "closed":
        this.#rosters.forget(event.client);
        return this.#readings.closed(event.client);
      case "sent":
        return this.#sends.sent(event);
      case "receipt":
        return this.#receipt(event);
      case "presence":
        for (const message of this.#rosters.change(event)) this.#findings.report("presence", event, message);
        return;
      case "online":
        for (const { client, message } of this.#rosters.compare(event.channel, event.users))
          this.#findings.report("presence", { client, channel: event.channel }, message);
    }
  }

  finish(): DeliveryReport {
    this.#readings.finish(this.#isComplete);
    const { violations, count, events } = this.#findings;
    return {
      violations,
      violationCount: count,
      counts: { ...this.#counts, events, clients: this.#clients.size, sent: this.#sends.size },
    };
  }

  #received(event: Extract<DeliveryEvent, { type: "received" }>): void {
    this.#counts.received++;
    this.#readings.received(event);
    this.#seen(event, event.client);
  }

  #seen({ id, channel, offset }: Placed, client: string): void {
    const lie = id === undefined ? undefined : this.#sends.seen(id, channel, offset);
    if (lie === undefined) return;
    this.#findings.report("receipt", { client: this.#sends.get(id)?.client ?? client, channel }, lie);
  }

  #handled({ id, node }: Extract<DeliveryEvent, { type: "handled" }>): void {
    const { lie, isAgain } = this.#sends.handled(id, node);
    const { client = "", channel = "" } = this.#sends.get(id) ?? {};
    if (isAgain)
      this.#findings.report("duplicate", { client, channel }, `${id} was handled twice on ${node}`);
    if (lie !== undefined) this.#findings.report("receipt", { client, channel }, lie);
  }

  #receipt(event: Extract<DeliveryEvent, { type: "receipt" }>): void {
    const { client, id, status, offset } = event;
    const channel = this.#readings.channel(this.#sends.get(id)?.channel ?? event.channel ?? "");
    const place = { client, channel: channel.name };
    const offsets = channel.offsetsOf(id);
    const lie = this.#sends.receipt(event, offsets.length > 0);
    if (lie !== undefined) return this.#findings.report("receipt", place, lie);
    if (status !== "delivered") return;
    this.#counts.delivered++;
    // A handler may do something else than publish.
    if (offset === undefined || offsets.includes(offset)) return;
    const { epoch } = channel.reader(client);
    if (offsets.length === 0) this.#sends.expect({ id, ...place, offset, epoch: epoch || undefined });
    else this.#findings.report("receipt", place, `${id} stands at ${offsets.join(", ")}, not at ${offset}`);
  }
}
