// Checks a log of deliveries against what Halyard promises: order, no loss without a gap, no duplicate, true receipts.
// Called by delivery tests, the soak and the storm, with the events of a recorder.
// Guarantee: the log alone is enough, and memory grows with messages and clients, not with deliveries.
import type { DeliveryEvent, DeliveryReport } from "./delivery-event.ts";
import { ViolationList } from "./violation-list.ts";
import { ReadTracker } from "./read-tracker.ts";
import { RosterTracker } from "./roster-tracker.ts";
import { SendTracker } from "./send-tracker.ts";

/** The options of {@link createDeliveryChecker} and {@link checkDelivery}. */
export interface DeliveryCheckerOptions {
  /** How many violations the report describes; it counts all of them. @default 1_000 */
  readonly maxViolations?: number | undefined;
}

/** Checks a log of deliveries as it grows. */
export interface DeliveryChecker {
  /** Checks the next event of the log. */
  add(event: DeliveryEvent): void;
  /** Ends the log, when every client has received everything. No event may be added after it. */
  finish(): DeliveryReport;
}

/**
 * Makes a checker for logs of any length. It keeps a few numbers for each client and channel and one entry for each
 * message, and nothing for each delivery.
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
 * Finds every violation of Halyard's promises about delivery in a log. The log alone is enough: what one client received,
 * every other subscriber of the channel must receive, too, unless a gap was announced to it.
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

type StoredOrReceived = Extract<DeliveryEvent, { type: "received" | "stored" }>;

const MAX_VIOLATIONS = 1_000;

class LogChecker implements DeliveryChecker {
  readonly #violations: ViolationList;
  readonly #reads: ReadTracker;
  readonly #sends = new SendTracker();
  readonly #rosters = new RosterTracker();
  readonly #clients = new Set<string>();
  /** The log has the events of the nodes, too. */
  #isComplete = false;
  readonly #counts = { received: 0, delivered: 0, gaps: 0 };

  constructor({ maxViolations = MAX_VIOLATIONS }: DeliveryCheckerOptions) {
    this.#violations = new ViolationList(maxViolations);
    this.#reads = new ReadTracker(this.#violations, this.#sends);
  }

  add(event: DeliveryEvent): void {
    this.#violations.events++;
    if ("client" in event) this.#clients.add(event.client);
    switch (event.type) {
      case "received":
        return this.#received(event);
      case "stored":
        this.#isComplete = true;
        this.#reads.stored(event);
        return this.#seen(event, "");
      case "handled":
        return this.#handled(event);
      case "positioned":
      case "skipped":
        return this.#reads.positioned(event);
      case "gap":
        this.#counts.gaps++;
        return this.#reads.gap(event);
      case "left":
        this.#rosters.forget(event.client, event.channel);
        return this.#reads.left(event.client, event.channel);
      case "closed":
        this.#rosters.forget(event.client);
        return this.#reads.closed(event.client);
      case "sent":
        return this.#sends.sent(event);
      case "receipt":
        return this.#receipt(event);
      case "presence":
        for (const message of this.#rosters.change(event))
          this.#violations.report("presence", event, message);
        return;
      case "online":
        for (const { client, message } of this.#rosters.compare(event.channel, event.users))
          this.#violations.report("presence", { client, channel: event.channel }, message);
    }
  }

  finish(): DeliveryReport {
    this.#reads.finish(this.#isComplete);
    const { violations, count, events } = this.#violations;
    return {
      violations,
      violationCount: count,
      counts: { ...this.#counts, events, clients: this.#clients.size, sent: this.#sends.size },
    };
  }

  #received(event: Extract<DeliveryEvent, { type: "received" }>): void {
    this.#counts.received++;
    this.#reads.received(event);
    this.#seen(event, event.client);
  }

  #seen({ id, channel, offset }: StoredOrReceived, client: string): void {
    const contradiction = id === undefined ? undefined : this.#sends.seen(id, channel, offset);
    if (contradiction === undefined) return;
    this.#violations.report(
      "receipt",
      { client: this.#sends.get(id)?.client ?? client, channel },
      contradiction,
    );
  }

  #handled({ id, node }: Extract<DeliveryEvent, { type: "handled" }>): void {
    const { contradiction, isRepeated } = this.#sends.handled(id, node);
    const { client = "", channel = "" } = this.#sends.get(id) ?? {};
    if (isRepeated)
      this.#violations.report("duplicate", { client, channel }, `${id} was handled twice on ${node}`);
    if (contradiction !== undefined) this.#violations.report("receipt", { client, channel }, contradiction);
  }

  #receipt(event: Extract<DeliveryEvent, { type: "receipt" }>): void {
    const { client, id, status, offset } = event;
    const channel = this.#reads.channel(this.#sends.get(id)?.channel ?? event.channel ?? "");
    const where = { client, channel: channel.name };
    const offsets = channel.offsetsOf(id);
    const contradiction = this.#sends.receipt(event, offsets.length > 0);
    if (contradiction !== undefined) return this.#violations.report("receipt", where, contradiction);
    if (status !== "delivered") return;
    this.#counts.delivered++;
    // A handler need not publish: such a receipt has no offset.
    if (offset === undefined || offsets.includes(offset)) return;
    const { epoch } = channel.reader(client);
    if (offsets.length === 0) this.#sends.expect({ id, ...where, offset, epoch: epoch || undefined });
    else this.#violations.report("receipt", where, `${id} stands at ${offsets.join(", ")}, not at ${offset}`);
  }
}
