import { OutboundFrame } from "./outbound-frame.ts";
import type { Recipient } from "./transport.ts";

/** A frame that slow readers do not get, because its content is sent to them later in another form. */
export class RefreshedFrame extends OutboundFrame {
  readonly onDropped: (recipient: Recipient) => void;

  constructor(text: string, onDropped: (recipient: Recipient) => void) {
    super(text, true);
    this.onDropped = onDropped;
  }
}
