import { printable } from "@halyard/protocol/internal";
import type { Logger } from "../logger.ts";
import type { ErrorContext } from "../types.ts";
import type { HookQueue } from "./hook-queue.ts";

interface ReporterParts {
  readonly onError: ((error: unknown, context: ErrorContext) => void) | undefined;
  readonly logger: Logger;
  readonly hookQueue: HookQueue;
}

/** Passes errors of the application's code to `onError`; without one, or when it throws, to the logger. */
export function createReporter({
  onError,
  logger,
  hookQueue,
}: ReporterParts): (error: unknown, context: ErrorContext) => void {
  const log = (error: unknown, context: ErrorContext): void => {
    logger.error({ type: context.type, error: errorLine(error) }, "the application's code failed");
  };
  return (error, context) => {
    if (onError === undefined) {
      log(error, context);
      return;
    }
    const onFailure = (failure: unknown): void => {
      log(failure, { type: "onError", ws: context.ws });
    };
    hookQueue.add(() => {
      onError(error, context);
    }, onFailure);
  };
}

/** One line of at most 400 characters: error texts may quote what a client sent. */
function errorLine(error: unknown): string {
  return printable(error instanceof Error ? (error.stack ?? error.message) : String(error), 400);
}
