// The counters of a node, which messages and deliveries add to. Made by assembly.ts, read by metrics.ts.
import type { GapReason } from "@halyard/protocol";
import type { MessageHandlerRegistry } from "../messages/handler-registry.ts";
import type { MessageTypeRegistry } from "../messages/message-types.ts";
import { HandlerTimes } from "../metrics/handler-times.ts";
import { TrafficCounters } from "../metrics/traffic-counters.ts";

/** The gaps that clients were sent, by reason. */
type GapCounts = Record<GapReason, number>;

export interface Counters {
  readonly gaps: GapCounts;
  readonly received: TrafficCounters;
  readonly sent: TrafficCounters;
  readonly handlerTimes: HandlerTimes;
  /** Counts a sent frame. */
  readonly addFrame: (text: string, deliveries: number) => void;
}

export function createCounters(types: MessageTypeRegistry, registry: MessageHandlerRegistry): Counters {
  const gaps: GapCounts = { lost: 0, trimmed: 0, too_many: 0, forbidden: 0 };
  const isMessage = (type: string): boolean =>
    types.fromClient(type) !== undefined || registry.find(type) !== undefined;
  const received = new TrafficCounters(isMessage);
  const sent = new TrafficCounters((type) => types.fromServer(type) !== undefined);
  const isHandled = (name: string): boolean =>
    isMessage(name) || types.request(name) !== undefined || name === "users";
  const addFrame = (text: string, deliveries: number): void => {
    if (sent.addFrame(text, deliveries) !== "gap") return;
    const reason = /"reason":"(\w+)"/.exec(text)?.[1];
    if (reason !== undefined && reason in gaps) gaps[reason as GapReason] += deliveries;
  };
  return { gaps, received, sent, handlerTimes: new HandlerTimes(isHandled), addFrame };
}
