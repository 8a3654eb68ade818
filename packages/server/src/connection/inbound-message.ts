import type { Frame, FrameMeta } from "@halyard/protocol/wire";
import type { Connection } from "./connection.ts";

/** An inbound frame that is within its size and rate, is JSON, and has a valid `$`. */
export interface InboundMessage {
  readonly connection: Connection;
  readonly text: string;
  readonly frame: Frame;
  readonly meta: FrameMeta;
  readonly digest: number;
}
