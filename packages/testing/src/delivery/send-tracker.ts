import type { DeliveryEvent } from "./delivery-event.ts";

type Sent = Extract<DeliveryEvent, { type: "sent" }>;
type Receipt = Extract<DeliveryEvent, { type: "receipt" }>;

interface Send {
  readonly client: string;
  readonly channel: string;
  readonly echo: boolean;
  /** Where a handler ran last. */
  node: string | undefined;
  receipt: Receipt["status"] | undefined;
}

/** An acknowledged send that nobody has been seen to get. */
export interface Acknowledged {
  readonly id: string;
  readonly client: string;
  readonly channel: string;
  readonly offset: number;
  /** As the sender knew it. */
  readonly epoch: string | undefined;
}

/** Every send of the log, and what its sender was told. */
export class Sends {
  readonly #sends = new Map<string, Send>();
  readonly #acknowledged = new Map<string, Acknowledged>();

  get size(): number {
    return this.#sends.size;
  }

  /** What was acknowledged and has not been seen anywhere. */
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
   * @param isSeen whether somebody got the message already
   * @returns what is wrong about the receipt
   */
  receipt({ id, client, status, channel }: Receipt, isSeen: boolean): string | undefined {
    const send = this.#sends.get(id);
    if (send?.client !== client) return `${status} for ${id}, which ${client} has not sent`;
    if (send.receipt !== undefined) return `${status} for ${id}, which was ${send.receipt} already`;
    send.receipt = status;
    if (channel !== undefined && channel !== send.channel)
      return `${id} was sent to ${send.channel}, and delivered to ${channel}`;
    return isSeen || send.node !== undefined ? this.#refuted(id, send) : undefined;
  }

  /** @returns what a receipt said that is not so, and whether the handler ran before */
  handled(id: string, node: string): { readonly lie: string | undefined; readonly isAgain: boolean } {
    const send = this.#sends.get(id);
    if (!send) return { lie: undefined, isAgain: false };
    const isAgain = send.node === node;
    send.node = node;
    return { lie: this.#refuted(id, send), isAgain };
  }

  /** From now on it is expected that somebody gets it. */
  expect(acknowledged: Acknowledged): void {
    this.#acknowledged.set(acknowledged.id, acknowledged);
  }

  /** @returns what a receipt said that is not so, now that somebody got the message there */
  seen(id: string, channel: string, offset: number): string | undefined {
    const acknowledged = this.#acknowledged.get(id);
    if (acknowledged) {
      this.#acknowledged.delete(id);
      if (acknowledged.offset !== offset || acknowledged.channel !== channel)
        return `${id} stands at ${channel} ${offset}, and the receipt said ${acknowledged.channel} ${acknowledged.offset}`;
    }
    const send = this.#sends.get(id);
    return send && this.#refuted(id, send);
  }

  /** A message that has no effect, so its sender was told, had one. Said once, not for everybody who got it. */
  #refuted(id: string, send: Send): string | undefined {
    const { receipt } = send;
    if (receipt !== "rejected" && receipt !== "expired") return undefined;
    send.receipt = "unknown";
    return `${id} was ${receipt}, and was ${send.node === undefined ? "delivered" : "handled"}`;
  }
}
