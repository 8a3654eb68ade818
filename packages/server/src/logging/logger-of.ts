// Turns the option `logger` into the logger of a system or a publisher.
import { callLogger } from "@halyard/protocol/internal";
import type { Logger } from "../logger.ts";
import { silentLogger } from "../logger.ts";
import type { Clock } from "../types.ts";
import { ConsoleLogger } from "./console-logger.ts";

/** A logger that may have a timer. */
export interface SystemLogger {
  readonly logger: Logger;
  /** Ends the timer. */
  readonly stop: () => void;
  /** Silences the default logger. A logger of the application stays active. */
  readonly silence: () => void;
}

const LEVELS = ["debug", "info", "warn", "error"] as const;
const LINE = "createWebSocketSystem({ logger: pino() }), or logger: false for silence";

/** @throws TypeError for a value that is not a logger */
export function loggerOf(
  option: Logger | false | undefined,
  { clock, verboseLogging }: { readonly clock: Clock; readonly verboseLogging?: boolean | undefined },
): SystemLogger {
  if (option === undefined) {
    const logger = new ConsoleLogger(clock, verboseLogging);
    return { logger, stop: () => logger.stop(), silence: () => logger.silence() };
  }
  return { logger: option === false ? silentLogger : checked(option), stop: ignore, silence: ignore };
}

function checked(option: Logger): Logger {
  const missing = LEVELS.find((level) => typeof (Object(option) as Partial<Logger>)[level] !== "function");
  if (missing !== undefined) throw new TypeError(`logger has no function ${missing}: write ${LINE}`);
  const write =
    (level: keyof Logger): Logger["error"] =>
    (fields, message) =>
      callLogger(option, level, { fields, message });
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function ignore(): void {
  // A custom logger has no timer, and is never silenced.
}
