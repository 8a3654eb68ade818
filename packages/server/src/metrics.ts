import type { SecurityCounts } from "./security-event.ts";
import type { ConnectionStats } from "./types.ts";
import type { EventLoopLag } from "./utils/event-loop-monitor.ts";

/** This node in numbers, for a metrics page. */
export interface Metrics extends ConnectionStats {
  /** Handshakes that are not decided yet. */
  readonly handshakes: number;
  /** Addresses and users with upgrades that still count against a rate. */
  readonly trackedUpgrades: number;
  /** The memory of the history now, in bytes; and how many messages were given up for `limits.historyTotalBytes`. */
  readonly history: { readonly bytes: number; readonly evicted: number };
  /** Security events since the start. */
  readonly security: SecurityCounts;
  /** The lag of the event loop in the last ten seconds. Above `limits.sheddingLagMs` new upgrades get 503. */
  readonly eventLoopLag: EventLoopLag;
}
