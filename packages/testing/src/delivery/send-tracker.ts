// Every send of a log, its receipt, and the contradictions between the two.
// Called by the delivery checker and the read tracker.
// Guarantee: a contradiction is returned once, when the event arrives that completes it.
import type { DeliveryEvent } from "./delivery-event.ts";

type Sent = Extract<DeliveryEvent, { type: "sent" }>;
type Receipt = Extract<DeliveryEvent, { type: "receipt" }>;

interface Send {
  readonly client: string;
  readonly channel: string;
  readonly echo: boolean;
  /** The node whose handler ran last. */
  node: string | undefined;
  receipt: Receipt["status"] | undefined;
}

/** An acknowledged send that no client has received so far. */
export interface Acknowledged {
  readonly id: string;
  readonly client: string;
  readonly channel: string;
  readonly offset: number;
  /** The epoch of the sender's channel at its receipt. */
  readonly epoch: string | undefined;
}

/** The sends of a log and their receipts. */
export class SendTracker {
  readonly #sends = new Map<string, Send>();
  readonly #acknowledged = new Map<string, Acknowledged>();

  get size(): number {
    return this.#sends.size;
  }

  /** The acknowledged sends that appear nowhere else in the log. */
  get unseen(): Iterable<Acknowledged> {
    return this.#acknowledged.values();
  }

  get(id: string | undefined): Readonly<Send> | undefined {
    return id === undefined ? undefined : this.#sends.get(id);
  }

  sent({ id, client, channel, echo = true }: Sent): void {
    this.#sends.set(id, { client, channel, echo, node: undefined, receipt: undefined });
  }

  /**
   * @param isSeen whether a client has received the message already
   * @returns the contradiction, in words
   */
  receipt({ id, client, status, channel }: Receipt, isSeen: boolean): string | undefined {
    const send = this.#sends.get(id);
    if (send?.client !== client) return `${status} for ${id}, which ${client} has not sent`;
    if (send.receipt !== undefined) return `${status} for ${id}, which was ${send.receipt} already`;
    send.receipt = status;
    if (channel !== undefined && channel !== send.channel)
      return `${id} was sent to ${send.channel}, and delivered to ${channel}`;
    return isSeen || send.node !== undefined ? this.#contradictionOf(id, send) : undefined;
  }

  /** @returns the contradiction with a receipt, and whether the handler ran on this node before */
  handled(
    id: string,
    node: string,
  ): { readonly contradiction: string | undefined; readonly isRepeated: boolean } {
    const send = this.#sends.get(id);
    if (!send) return { contradiction: undefined, isRepeated: false };
    const isRepeated = send.node === node;
    send.node = node;
    return { contradiction: this.#contradictionOf(id, send), isRepeated };
  }

  /** Expects from now on that a client receives the message. */
  expect(acknowledged: Acknowledged): void {
    this.#acknowledged.set(acknowledged.id, acknowledged);
  }

  /** The message was received, or stored, at this offset. @returns the contradiction with a receipt, in words */
  seen(id: string, channel: string, offset: number): string | undefined {
    const acknowledged = this.#acknowledged.get(id);
    if (acknowledged) {
      this.#acknowledged.delete(id);
      if (acknowledged.offset !== offset || acknowledged.channel !== channel)
        return `${id} stands at ${channel} ${offset}, and the receipt said ${acknowledged.channel} ${acknowledged.offset}`;
    }
    const send = this.#sends.get(id);
    return send && this.#contradictionOf(id, send);
  }

  /** A message had an effect although its receipt denied one. Returned once, not for each client that received it. */
  #contradictionOf(id: string, send: Send): string | undefined {
    const { receipt } = send;
    if (receipt !== "rejected" && receipt !== "expired") return undefined;
    send.receipt = "unknown";
    return `${id} was ${receipt}, and was ${send.node === undefined ? "delivered" : "handled"}`;
  }
}
