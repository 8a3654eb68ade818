import { MessageOrder } from "./message-order.ts";
import { ChannelReader } from "./channel-reader.ts";

/** Everything that a log says about one channel: its order in each epoch, and the clients that read it. */
export class ChannelRecord {
  readonly name: string;
  readonly readers = new Map<string, ChannelReader>();
  /** The epoch that appeared last in the log, or that a client went over to last. */
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

  reader(client: string): ChannelReader {
    let reader = this.readers.get(client);
    if (!reader) this.readers.set(client, (reader = new ChannelReader(client, this.name)));
    return reader;
  }

  /** Every offset of a message; more than one when it was published twice. */
  offsetsOf(id: string): number[] {
    return [...this.#orders.values()].flatMap((order) => order.offsetsOf(id));
  }
}
