import type { Backplane } from "./backplane.js";
import type { ChannelHub } from "./channel-hub.js";
import type { ConnectionTable } from "./connection-table.js";
import type { MessageHandlerRegistry } from "./handlers.js";
import type { ServerLimits } from "./limits.js";
import type { Logger } from "./logger.js";
import type { MessageTypes } from "./message-types.js";
import type { Once } from "./once.js";
import type { PresenceHub } from "./presence-hub.js";
import type { Security } from "./security.js";
import type { Sessions } from "./sessions.js";
import type { Clock, ErrorContext, WebSocketManagerConfig } from "./types.js";
import type { Writer } from "./writer.js";

/** The configuration with its types forgotten: inside, a user is whatever the authenticator said. */
export type AnyConfig = WebSocketManagerConfig;

/** The parts of one node, as they know each other. */
export interface Core {
  readonly config: AnyConfig;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly backplane: Backplane;
  readonly types: MessageTypes;
  readonly registry: MessageHandlerRegistry;
  readonly table: ConnectionTable;
  readonly hub: ChannelHub;
  readonly presence: PresenceHub;
  readonly writer: Writer;
  readonly once: Once;
  readonly sessions: Sessions;
  readonly security: Security;
  /** Unique among all nodes. */
  readonly nextConnectionId: () => string;
  /** Hears every failure of the application's own code. Never throws. */
  readonly report: (error: unknown, context: ErrorContext) => void;
}
