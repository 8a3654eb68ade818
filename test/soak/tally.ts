import type { LogLine } from "./log.ts";

type Counts = Map<string, number>;

/** Counts the events of the logs by kind. */
export class Tally {
  readonly receipts: Counts = new Map();
  readonly gaps: Counts = new Map();
  readonly requests: Counts = new Map();
  readonly presence: Counts = new Map();
  readonly faults: Counts = new Map();
  readonly states: Counts = new Map();
  stored = 0;
  handled = 0;

  add(line: LogLine): void {
    switch (line.type) {
      case "receipt":
        return count(this.receipts, line.status);
      case "gap_reported":
        return count(this.gaps, line.reason);
      case "settled":
        return count(this.requests, line.outcome);
      case "presence":
        return count(this.presence, line.change);
      case "state":
        return count(this.states, line.status);
      case "fault":
        if (line.event === "struck") count(this.faults, line.fault);
        return;
      case "stored":
        this.stored++;
        return;
      case "handled":
        this.handled++;
        return;
      case "unsettled":
      case "broken":
      case "closed":
      case "gap":
      case "left":
      case "online":
      case "positioned":
      case "received":
      case "sent":
      case "skipped":
        return;
    }
  }
}

function count(counts: Counts, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
