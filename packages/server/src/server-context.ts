import type { AnyConfig } from "./config.ts";
import type { Backplane } from "./backplane.ts";
import type { ChannelHub } from "./channels/channel-hub.ts";
import type { ConnectionTable } from "./connection/connection-table.ts";
import type { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import type { ServerLimits } from "./limits.ts";
import type { Logger } from "./logger.ts";
import type { MessageTypeRegistry } from "./messages/message-types.ts";
import type { Deduplicator } from "./messages/deduplicator.ts";
import type { PresenceHub } from "./channels/presence-hub.ts";
import type { SecurityReporter } from "./security/security-reporter.ts";
import type { SessionWatches } from "./connection/session-watches.ts";
import type { Clock, ErrorContext } from "./types.ts";
import type { Writer } from "./delivery/writer.ts";

/** The parts of one node, as they know each other. */
export interface ServerContext {
  readonly config: AnyConfig;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly backplane: Backplane;
  readonly types: MessageTypeRegistry;
  readonly registry: MessageHandlerRegistry;
  readonly connections: ConnectionTable;
  readonly channels: ChannelHub;
  readonly presence: PresenceHub;
  readonly writer: Writer;
  readonly deduplicator: Deduplicator;
  readonly sessionWatches: SessionWatches;
  readonly securityReporter: SecurityReporter;
  /** Unique among all nodes. */
  readonly nextConnectionId: () => string;
  /** Hears every failure of the application's own code. Never throws. */
  readonly report: (error: unknown, context: ErrorContext) => void;
}
