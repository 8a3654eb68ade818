import type { Frame, FrameMeta, HalyardError } from "@halyard/protocol/wire";
import type { Connection } from "./connection.ts";

/**
 * An inbound frame that is within its size and rate, is JSON, and has a valid `$`; or one with a refusal. Its text is not
 * kept while it waits.
 */
export interface InboundMessage {
  readonly connection: Connection;
  readonly frame: Frame;
  readonly meta: FrameMeta;
  readonly digest: number;
  /** The size of its text. */
  readonly bytes: number;
  /** Set where the frame has a number but cannot be read as a send: the error is its answer, and uses the number. */
  readonly refusal?: HalyardError | undefined;
}
