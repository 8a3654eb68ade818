import type { Logger } from "@halyard/server";
import type { AuthContext } from "better-auth";

/** Where warnings go: the option `logger`, or Better Auth's own logger, which takes the message alone. */
export type WarningLogger = Pick<Logger, "warn"> | false;

export function warningLogger({ logger }: AuthContext, option: WarningLogger | undefined): WarningLogger {
  return option ?? { warn: (_fields, message) => logger.warn(message) };
}
