import type { Frame, FrameMeta } from "@halyard/protocol/wire";
import type { Connection } from "./connection.ts";

/** An inbound frame that is within its size and rate, is JSON, and has a valid `$`. Its text is not kept while it waits. */
export interface InboundMessage {
  readonly connection: Connection;
  readonly frame: Frame;
  readonly meta: FrameMeta;
  readonly digest: number;
}
