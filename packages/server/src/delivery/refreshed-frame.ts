import { OutboundFrame } from "./outbound-frame.ts";
import type { Recipient } from "./transport.ts";

/** A frame that a slow reader does not get; what it says is sent to the reader later, in another form. */
export class RefreshedFrame extends OutboundFrame {
  readonly onDropped: (recipient: Recipient) => void;

  constructor(text: string, onDropped: (recipient: Recipient) => void) {
    super(text, true);
    this.onDropped = onDropped;
  }
}
