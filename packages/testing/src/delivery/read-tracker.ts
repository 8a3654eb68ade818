// Follows which client received which message of each channel, and reports gaps, duplicates and losses.
// Called by the delivery checker, once for each event of the log.
// Guarantee: a client that went past an offset without a gap must have received every message there.
import { ChannelRecord } from "./channel-record.ts";
import type { DeliveryEvent } from "./delivery-event.ts";
import type { ViolationList } from "./violation-list.ts";
import type { KnownMessage } from "./message-order.ts";
import type { ChannelReader } from "./channel-reader.ts";
import type { Acknowledged, SendTracker } from "./send-tracker.ts";

type Received = Extract<DeliveryEvent, { type: "received" }>;
type Stored = Extract<DeliveryEvent, { type: "stored" }>;
type Advance = Extract<DeliveryEvent, { type: "positioned" | "skipped" | "gap" }>;

/** The clients' readings of all channels. */
export class ReadTracker {
  readonly #violations: ViolationList;
  readonly #sends: SendTracker;
  readonly #channels = new Map<string, ChannelRecord>();

  constructor(violations: ViolationList, sends: SendTracker) {
    this.#violations = violations;
    this.#sends = sends;
  }

  channel(name: string): ChannelRecord {
    let channel = this.#channels.get(name);
    if (!channel) this.#channels.set(name, (channel = new ChannelRecord(name)));
    return channel;
  }

  received(event: Received): void {
    const { client, epoch, offset, id } = event;
    const channel = this.channel(event.channel);
    const isNew = this.#recordMessage(event, client);
    const reader = channel.reader(client);
    if (!reader.isReading) reader.start(epoch, offset - 1);
    else if (reader.epoch !== epoch) this.#newEpoch(reader, epoch, offset - 1);
    if (offset <= reader.last) return this.#receivedBehind(reader, event, isNew);
    if (reader.intervalWith(epoch, offset))
      this.#violations.report("duplicate", event, `${nameOf(event)} came before the last gap, too`);
    this.#skipMessages(reader, channel.order(epoch).between(reader.last, offset), false);
    reader.advance(offset);
    if (id !== undefined && channel.order(epoch).isRepeated(id)) this.#receivedTwice(reader, event, id);
  }

  /** The message is in the history of its channel, whether a client receives it or not. */
  stored(event: Stored): void {
    this.#recordMessage(event, "");
  }

  /** The client gets a position, without an announced gap. */
  positioned({ client, channel, epoch, offset, type }: Advance): void {
    const record = this.channel(channel);
    const reader = record.reader(client);
    record.order(epoch).advanceTo(offset);
    if (!reader.isReading) reader.start(epoch, offset);
    else if (reader.epoch !== epoch) this.#newEpoch(reader, epoch, offset);
    const hasSkipped = reader.hasSkipped || type === "skipped";
    if (offset > reader.last)
      this.#skipMessages(reader, record.order(epoch).between(reader.last, offset + 1), hasSkipped);
    reader.advance(Math.max(reader.last, offset), hasSkipped);
  }

  gap({ client, channel, epoch, offset }: Advance): void {
    const record = this.channel(channel);
    record.order(epoch);
    // Nodes notice a lost store one after the other: a client may have read this epoch before others read an older one.
    record.newestEpoch = epoch;
    this.#end(record.reader(client));
    record.reader(client).start(epoch, offset);
  }

  left(client: string, channel: string): void {
    this.#end(this.channel(channel).reader(client));
  }

  closed(client: string): void {
    for (const { readers } of this.#channels.values()) {
      const reader = readers.get(client);
      if (reader) this.#end(reader);
    }
  }

  /** The log ends. @param isComplete whether it has an event for every message that was stored */
  finish(isComplete: boolean): void {
    for (const channel of this.#channels.values()) {
      for (const reader of channel.readers.values()) this.#finish(channel, reader);
    }
    for (const acknowledged of this.#sends.unseen) {
      if (!isComplete) this.#expectReader(acknowledged);
      else
        this.#violations.report(
          "receipt",
          acknowledged,
          `${nameOf(acknowledged)} was acknowledged, and never stored`,
        );
    }
  }

  /**
   * Adds a message to the order of its channel.
   *
   * @param client the client that received it; empty for a node that stored it
   * @returns whether the message is new
   */
  #recordMessage({ channel, epoch, offset, id }: Received | Stored, client: string): boolean {
    const record = this.channel(channel);
    const result = record.order(epoch).add(offset, id);
    if (result === "conflict") {
      const message = `${nameOf({ offset, id })}: others got something else there`;
      this.#violations.report("conflict", { client, channel }, message);
    }
    if (result === "late") {
      for (const reader of record.readers.values())
        if (reader.client !== client) this.#lateFor(reader, epoch, { offset, id });
    }
    return result === "new" || result === "late";
  }

  #receivedBehind(reader: ChannelReader, event: Received, isNew: boolean): void {
    const { epoch, offset } = event;
    const wasMissing = reader.found(offset);
    const isRepeated = !wasMissing && !isNew && reader.intervalWith(epoch, offset) !== undefined;
    const message = `${nameOf(event)} came ${isRepeated ? "again " : ""}after ${reader.last}`;
    this.#violations.report(isRepeated ? "duplicate" : "disorder", event, message);
  }

  /** A message has two offsets in the channel, and the client received the other one since the last gap, too. */
  #receivedTwice(reader: ChannelReader, event: Received, id: string): void {
    const { channel, epoch, offset } = event;
    const isEarlier = (other: number): boolean =>
      other !== offset && !reader.isMissing(other) && reader.intervalWith(epoch, other)?.isNow === true;
    const earlier = this.channel(channel).order(epoch).offsetsOf(id).find(isEarlier);
    if (earlier !== undefined)
      this.#violations.report("duplicate", event, `${nameOf(event)} came at ${earlier} before`);
  }

  /** A client received a message that was unknown when other clients went past its offset. */
  #lateFor(reader: ChannelReader, epoch: string, message: KnownMessage): void {
    const interval = reader.intervalWith(epoch, message.offset);
    if (interval?.isNow) this.#skipMessages(reader, [message], interval.hasSkipped);
    else if (interval && !this.#mayBeMissing(reader, message, interval.hasSkipped))
      this.#violations.reportGaps(reader, [message.offset]);
  }

  #skipMessages(reader: ChannelReader, messages: readonly KnownMessage[], hasSkipped: boolean): void {
    for (const message of messages) {
      if (this.#mayBeMissing(reader, message, hasSkipped)) continue;
      this.#violations.reportGaps(reader, reader.miss(message.offset));
    }
  }

  /** A sender may get no echo, and a `skip` may stand for a message that the server's own code withheld from a client. */
  #mayBeMissing(reader: ChannelReader, { id }: KnownMessage, hasSkipped: boolean): boolean {
    const send = this.#sends.get(id);
    if (send === undefined) return hasSkipped;
    return send.client === reader.client && (hasSkipped || !send.echo);
  }

  #newEpoch(reader: ChannelReader, epoch: string, offset: number): void {
    const message = `epoch ${reader.epoch} became ${epoch}, and no gap was announced`;
    this.#violations.report("gap", reader, message);
    this.#end(reader);
    reader.start(epoch, offset);
  }

  #end(reader: ChannelReader): void {
    this.#violations.reportGaps(reader, reader.end());
  }

  #finish(channel: ChannelRecord, reader: ChannelReader): void {
    const { epoch, last } = reader;
    this.#violations.reportGaps(reader, reader.takeMissing());
    if (!reader.isReading) return;
    if (epoch !== channel.newestEpoch) {
      const message = `still reads epoch ${epoch}, and others read ${channel.newestEpoch}`;
      this.#violations.report("lost", reader, message);
      return;
    }
    for (const message of channel.order(epoch).between(last, Infinity)) {
      if (this.#mayBeMissing(reader, message, false)) continue;
      this.#violations.report("lost", reader, `${nameOf(message)} never came, and others got it`);
    }
  }

  /** No client received an acknowledged message: reports the first subscriber that should have, and had no gap. */
  #expectReader({ id, client, channel, offset, epoch }: Acknowledged): void {
    for (const reader of this.channel(channel).readers.values()) {
      const at = epoch ?? reader.epoch;
      if (this.#mayBeMissing(reader, { id, offset }, reader.hasSkipped)) continue;
      const isDue = reader.isReading && reader.epoch === at && offset > reader.from;
      if (!isDue && reader.intervalWith(at, offset) === undefined) continue;
      const message = `${nameOf({ id, offset })} was acknowledged to ${client}, and nobody got it`;
      this.#violations.report("lost", reader, message);
      return;
    }
  }
}

function nameOf({ id, offset }: { readonly id?: string | undefined; readonly offset: number }): string {
  return id === undefined ? String(offset) : `${offset} (${id})`;
}
