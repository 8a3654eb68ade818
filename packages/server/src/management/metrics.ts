import type { Assembly } from "../assembly.ts";
import type { GapReason } from "@halyard/protocol";
import type { HandlerMetrics } from "../metrics/handler-times.ts";
import type { Traffic } from "../metrics/traffic-counters.ts";
import type { SecurityCounts } from "../security-event.ts";
import type { ConnectionStats } from "../types.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventLoopLag } from "../metrics/event-loop-monitor.ts";

/** What is waiting at this moment. */
export interface QueueMetrics {
  /** How many sends of clients wait for their turn. */
  readonly waitingSends: number;
  readonly waitingRequests: number;
  readonly runningRequests: number;
  /** How many bytes wait at the sockets. */
  readonly bufferedBytes: number;
}

/** The numbers of this node, for a metrics page. Keys are types and names of the contract, or `other`, never text of a client. */
export interface Metrics extends ConnectionStats {
  /** How many rooms connections of this node are in. */
  readonly rooms: number;
  /** Received and sent messages since the start, by type. `sent` counts deliveries: one message to 1,000 readers counts 1,000. */
  readonly received: Readonly<Record<string, Traffic>>;
  readonly sent: Readonly<Record<string, Traffic>>;
  /** The handlers, by message type or request name, timed from the start of the call to its answer. */
  readonly handlers: Readonly<Record<string, HandlerMetrics>>;
  /** The gaps that clients were sent since the start, by reason. */
  readonly gaps: Readonly<Record<GapReason, number>>;
  /** How many resumes got everything that they had missed, and how many messages were replayed, since the start. */
  readonly recoveries: number;
  readonly replayed: number;
  /** How many connections were closed with 4008 since the start, because they read too slowly. */
  readonly slowReaders: number;
  readonly queues: QueueMetrics;
  /** How many handshakes are not decided yet. */
  readonly handshakes: number;
  /** How many addresses and users have upgrades that still count against a rate. */
  readonly trackedUpgrades: number;
  /** The memory that the history takes now, in bytes, and how many messages were dropped for `limits.historyTotalBytes`. */
  readonly history: { readonly bytes: number; readonly evicted: number };
  /** How many ephemeral messages of clients were dropped since the start, because of their interval or a rate. */
  readonly thinned: number;
  /** How many deliveries of ephemeral messages were dropped for slow readers since the start. */
  readonly dropped: number;
  /** The security events since the start. */
  readonly security: SecurityCounts;
  /** The lag of the event loop in the last ten seconds. Above `limits.sheddingLagMs` new upgrades get 503. */
  readonly eventLoopLag: EventLoopLag;
}

/** Collects the metrics of a node. */
export function metricsOf(parts: Assembly): Metrics {
  const { backplane, channels, connections, eventLoop, inbound, securityReporter, upgrades, writer } = parts;
  const { closer, gaps, handlerTimes, received, sent } = parts;
  const { handshakes, tracked: trackedUpgrades } = upgrades.limiter;
  const { bytes, evicted } = backplane.historyUsage?.() ?? { bytes: 0, evicted: 0 };
  return {
    totalUsers: connections.connectedUsers.size,
    totalConnections: connections.size,
    rooms: channels.roomCount,
    received: received.read(),
    sent: sent.read(),
    handlers: handlerTimes.read(),
    gaps: { ...gaps },
    recoveries: channels.recoveries,
    replayed: channels.replayed,
    slowReaders: closer.slowReaders,
    queues: queuesOf(connections.all()),
    handshakes,
    trackedUpgrades,
    history: { bytes: bytes + channels.recentBytes, evicted },
    thinned: inbound.thinned,
    dropped: writer.dropped,
    security: securityReporter.counts,
    eventLoopLag: eventLoop.lag,
  };
}

function queuesOf(connections: Iterable<Connection>): QueueMetrics {
  const queues = { waitingSends: 0, waitingRequests: 0, runningRequests: 0, bufferedBytes: 0 };
  for (const { backlog, pendingSends, requestLimiter, transport, ws } of connections) {
    queues.waitingSends += pendingSends;
    queues.waitingRequests += requestLimiter?.waiting ?? 0;
    queues.runningRequests += requestLimiter?.running ?? 0;
    queues.bufferedBytes += transport.bufferedAmount(ws) + (backlog?.held?.otherChars ?? 0);
  }
  return queues;
}
