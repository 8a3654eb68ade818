import { ChannelHub } from "./channels/channel-hub.ts";
import { systemClock } from "./utils/clock.ts";
import { ConnectionTable } from "./connection/connection-table.ts";
import type { AnyConfig } from "./config.ts";
import type { ServerContext } from "./server-context.ts";
import type { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { silentLogger } from "./logger.ts";
import { createMemoryBackplane } from "./memory/memory-backplane.ts";
import { MessageTypeRegistry } from "./messages/message-types.ts";
import { Deduplicator } from "./messages/deduplicator.ts";
import { PresenceHub } from "./channels/presence-hub.ts";
import { printable } from "./utils/printable.ts";
import { SecurityReporter } from "./security/security-reporter.ts";
import { SessionWatches } from "./connection/session-watches.ts";
import type { ErrorContext } from "./types.ts";
import { Writer } from "./delivery/writer.ts";

/** Puts the parts of a node together and starts its backplane. */
export function createServerContext(config: AnyConfig, registry: MessageHandlerRegistry): ServerContext {
  const clock = config.clock ?? systemClock;
  const logger = config.logger ?? silentLogger;
  const limits = { ...DEFAULT_LIMITS, ...config.limits };
  const backplane = config.backplane ?? createMemoryBackplane({ clock });
  const report = reporter(config);
  const onBackplaneError = (error: unknown): void => {
    report(error, { type: "backplane", ws: undefined });
  };
  const { historyMessages: messages, historyBytes: bytes, historyMs: ms } = limits;
  const channels = new ChannelHub({ backplane, clock, logger, retention: { messages, bytes, ms } });
  const presence = new PresenceHub({
    backplane,
    clock,
    batchMs: limits.presenceBatchMs,
    onError: onBackplaneError,
  });
  const sessionWatches = new SessionWatches(backplane, onBackplaneError);
  const { onPublication, onEphemeral, onInterrupted } = channels;
  const { onPresence } = presence;
  const { onNotice } = sessionWatches;
  backplane
    .start({ onPublication, onEphemeral, onInterrupted, onPresence, onNotice })
    .catch(onBackplaneError);
  let connectionCounter = 0;
  return {
    config,
    limits,
    clock,
    logger,
    backplane,
    registry,
    report,
    channels,
    presence,
    sessionWatches,
    securityReporter: new SecurityReporter({ clock, logger, hook: config.onSecurityEvent, report }),
    types: new MessageTypeRegistry(config.protocol),
    connections: new ConnectionTable(),
    writer: new Writer(clock, limits),
    deduplicator: new Deduplicator(backplane, clock, limits.handlerMs),
    nextConnectionId: () => `${backplane.nodeId}.${String(++connectionCounter)}`,
  };
}

/** Failures of the application's code go to `onError`; if that fails too, to the log, and no further. */
function reporter({ onError, logger = silentLogger }: AnyConfig): ServerContext["report"] {
  const log = (error: unknown, context: ErrorContext): void => {
    logger.error({ type: context.type, error: errorLine(error) }, "the application's code failed");
  };
  return (error, context) => {
    if (onError === undefined) {
      log(error, context);
      return;
    }
    try {
      onError(error, context);
    } catch (failure) {
      log(failure, { type: "onError", ws: context.ws });
    }
  };
}

/** One bounded line: error texts may quote what a client sent. */
function errorLine(error: unknown): string {
  return printable(error instanceof Error ? (error.stack ?? error.message) : String(error), 400);
}
