import type { Assembly } from "../assembly.ts";
import type { GapReason } from "@halyard/protocol";
import type { HandlerMetrics } from "../metrics/handler-times.ts";
import type { Traffic } from "../metrics/traffic-counters.ts";
import type { SecurityCounts } from "../security-event.ts";
import type { ConnectionStats } from "../types.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventLoopLag } from "../connection/event-loop-monitor.ts";

/** What waits, now. */
export interface QueueMetrics {
  /** Sends of clients that wait for their turn. */
  readonly waitingSends: number;
  readonly waitingRequests: number;
  readonly runningRequests: number;
  /** Bytes that wait at the sockets to be written. */
  readonly bufferedBytes: number;
}

/** This node in numbers, for a metrics page. Keys are types and names of the contract, or `other`: never the text of a client. */
export interface Metrics extends ConnectionStats {
  /** The rooms that connections of this node are in. */
  readonly rooms: number;
  /** What came in and what went out since the start, by type. `sent` counts deliveries: one message to 1,000 readers is 1,000. */
  readonly received: Readonly<Record<string, Traffic>>;
  readonly sent: Readonly<Record<string, Traffic>>;
  /** By message type and by the name of a request, from the turn of each to its answer. */
  readonly handlers: Readonly<Record<string, HandlerMetrics>>;
  /** The gaps that clients were told of since the start, by reason. */
  readonly gaps: Readonly<Record<GapReason, number>>;
  /** Resumes that got everything that was missed, and messages that were replayed, since the start. */
  readonly recoveries: number;
  readonly replayed: number;
  /** Connections that were closed with 4008 since the start, because they read too slowly. */
  readonly slowReaders: number;
  readonly queues: QueueMetrics;
  /** Handshakes that are not decided yet. */
  readonly handshakes: number;
  /** Addresses and users with upgrades that still count against a rate. */
  readonly trackedUpgrades: number;
  /** The memory of the history now, in bytes; and how many messages were given up for `limits.historyTotalBytes`. */
  readonly history: { readonly bytes: number; readonly evicted: number };
  /** Ephemeral messages of clients that were left out since the start: by their interval, or because a rate was exceeded. */
  readonly thinned: number;
  /** Deliveries of ephemeral messages that slow readers did not get, since the start. */
  readonly dropped: number;
  /** Security events since the start. */
  readonly security: SecurityCounts;
  /** The lag of the event loop in the last ten seconds. Above `limits.sheddingLagMs` new upgrades get 503. */
  readonly eventLoopLag: EventLoopLag;
}

/** Read by the manager. */
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
