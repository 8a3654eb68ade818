import { MessageOrder } from "./message-order.ts";
import { Reader } from "./channel-reader.ts";

/** Everything that a log says about one channel: its order in each epoch, and its readers. */
export class ChannelRecord {
  readonly name: string;
  readonly readers = new Map<string, Reader>();
  /** The epoch that was heard of last. */
  newestEpoch = "";
  readonly #orders = new Map<string, MessageOrder>();

  constructor(name: string) {
    this.name = name;
  }

  order(epoch: string): MessageOrder {
    let order = this.#orders.get(epoch);
    if (!order) {
      this.#orders.set(epoch, (order = new MessageOrder()));
      this.newestEpoch = epoch;
    }
    return order;
  }

  reader(client: string): Reader {
    let reader = this.readers.get(client);
    if (!reader) this.readers.set(client, (reader = new Reader(client, this.name)));
    return reader;
  }

  /** Every place where a message was seen; more than one, when it was published twice. */
  offsetsOf(id: string): number[] {
    return [...this.#orders.values()].flatMap((order) => order.offsetsOf(id));
  }
}
