// Computes the health of a node, for the probes of an orchestrator. Called by the manager.
import type { EventLoopMonitor } from "../metrics/event-loop-monitor.ts";
import type { ServerLimits } from "../limits.ts";
import type { UpgradeHandler } from "../server.ts";
import type { Clock } from "../types.ts";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";
import { dateOf } from "@halyard/protocol/internal";
import type { Backplane } from "../backplane.ts";

/**
 * `up`: everything works. `degraded`: open connections continue, but some operations wait or are refused. `down`: nothing new can be
 * done here.
 */
export interface Health {
  readonly status: "up" | "degraded" | "down";
  /** For a load balancer: whether this node accepts new connections. False while draining, and while they are refused. */
  readonly ready: boolean;
  /** The reason as a sentence; undefined when `up`. */
  readonly reason: string | undefined;
  /** Since when the status, `ready` and the reason are unchanged, in ms since 1970. */
  readonly since: number;
  /** `rttMs`: how long the last probe of the backplane took; the probe writes to it. Undefined for memory. */
  readonly backplane: { readonly kind: string; readonly rttMs: number | undefined };
}

/** The dependencies of {@link HealthReader}. */
export interface HealthReaderParts {
  readonly backplane: Pick<Backplane, "kind">;
  readonly clock: Clock;
  readonly eventLoop: Pick<EventLoopMonitor, "lagMs">;
  readonly limits: Pick<ServerLimits, "sheddingLagMs">;
  readonly monitor: BackplaneMonitor;
  readonly upgrades: Pick<UpgradeHandler, "isDraining">;
}

type State = Pick<Health, "status" | "ready" | "reason">;

const UP: State = { status: "up", ready: true, reason: undefined };

/** Reads the health of this node. */
export class HealthReader {
  readonly #parts: HealthReaderParts;
  #last: State = UP;
  #since: number;

  constructor(parts: HealthReaderParts) {
    this.#parts = parts;
    this.#since = dateOf(parts.clock);
  }

  read(): Health {
    const { backplane, clock, monitor } = this.#parts;
    const { rttMs, since } = monitor.health;
    const state = this.#state();
    const { status, ready } = this.#last;
    if (state.status !== status || state.ready !== ready) {
      // The backplane knows the start of an outage more exactly than a caller that asks rarely.
      const isOfBackplane = state.status !== "up" && monitor.health.state !== "up";
      this.#since = isOfBackplane ? Math.max(since, this.#since) : dateOf(clock);
    }
    this.#last = state;
    return { ...state, since: this.#since, backplane: { kind: backplane.kind, rttMs } };
  }

  #state(): State {
    const { eventLoop, limits, monitor, upgrades } = this.#parts;
    const { lastError = "no reply", state } = monitor.health;
    const isRefusing = state === "down" && !monitor.allowsConnections;
    if (isRefusing)
      return {
        status: "down",
        ready: false,
        reason: `The backplane is away, and new connections are refused: ${lastError}`,
      };
    if (upgrades.isDraining)
      return { status: "degraded", ready: false, reason: "This node drains: new connections are refused." };
    if (eventLoop.lagMs > limits.sheddingLagMs)
      return {
        status: "degraded",
        ready: false,
        reason: "The event loop is late: new connections are refused.",
      };
    if (state === "up") return UP;
    const what = state === "down" ? "The backplane is away" : "The backplane works worse than it should";
    return { status: "degraded", ready: true, reason: `${what}: ${lastError}` };
  }
}
