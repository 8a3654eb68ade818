import { ChannelHub } from "./channels/channel-hub.ts";
import { systemClock } from "./utils/clock.ts";
import { ConnectionTable } from "./connection/connection-table.ts";
import type { Connection } from "./connection/connection.ts";
import type { AnyConfig, Core } from "./messages/server-context.ts";
import type { MessageHandlerRegistry } from "./handlers.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { silentLogger } from "./logger.ts";
import { keepsake } from "./utils/flat-concat.ts";
import { createMemoryBackplane } from "./memory/memory-backplane.ts";
import { MessageTypes } from "./messages/message-types.ts";
import { Once } from "./messages/deduplicator.ts";
import { PresenceHub } from "./channels/presence-hub.ts";
import { printable } from "./utils/printable.ts";
import { Security } from "./security/security-reporter.ts";
import { Sessions } from "./connection/session-watches.ts";
import type { ErrorContext } from "./types.ts";
import { Writer } from "./delivery/writer.ts";

export interface CoreNeeds {
  readonly registry: MessageHandlerRegistry;
  readonly shut: (connection: Connection, code: number, reason?: string) => void;
}

/** Puts the parts of a node together and starts its backplane. */
export function createCore(config: AnyConfig, { registry, shut }: CoreNeeds): Core {
  const clock = config.clock ?? systemClock;
  const logger = config.logger ?? silentLogger;
  const limits = { ...DEFAULT_LIMITS, ...config.limits };
  const backplane = config.backplane ?? createMemoryBackplane({ clock });
  const report = reporter(config);
  const failed = (error: unknown): void => {
    report(error, { type: "backplane", ws: undefined });
  };
  const { historyMessages: messages, historyBytes: bytes, historyMs: ms } = limits;
  const hub = new ChannelHub({ backplane, clock, logger, retention: { messages, bytes, ms } });
  const presence = new PresenceHub({ backplane, clock, batchMs: limits.presenceBatchMs, onError: failed });
  const sessions = new Sessions(backplane, failed);
  const { onPublication, onEphemeral, onInterrupted } = hub;
  const { onPresence } = presence;
  const { onNotice } = sessions;
  backplane.start({ onPublication, onEphemeral, onInterrupted, onPresence, onNotice }).catch(failed);
  let connections = 0;
  return {
    config,
    limits,
    clock,
    logger,
    backplane,
    registry,
    report,
    hub,
    presence,
    sessions,
    security: new Security({ clock, logger, hook: config.onSecurityEvent, report }),
    types: new MessageTypes(config.protocol),
    table: new ConnectionTable(),
    writer: new Writer(clock, limits, shut),
    once: new Once(backplane, clock, limits.handlerMs),
    nextConnectionId: () => keepsake(`${backplane.nodeId}.`, String(++connections)),
  };
}

/** Failures of the application's code go to `onError`; if that fails too, to the log, and no further. */
function reporter({ onError, logger = silentLogger }: AnyConfig): Core["report"] {
  const log = (error: unknown, context: ErrorContext): void => {
    logger.error({ type: context.type, error: describe(error) }, "the application's code failed");
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
function describe(error: unknown): string {
  return printable(error instanceof Error ? (error.stack ?? error.message) : String(error), 400);
}
