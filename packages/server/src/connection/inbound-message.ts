import type { Frame, FrameMeta } from "@halyard/protocol/wire";
import type { Connection } from "./connection.ts";

/** A frame that passed the checks which cost least. */
export interface InboundMessage {
  readonly connection: Connection;
  readonly text: string;
  readonly frame: Frame;
  readonly meta: FrameMeta;
  readonly digest: number;
}
