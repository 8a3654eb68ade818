import { ChannelRecord } from "./channel-record.ts";
import type { DeliveryEvent } from "./delivery-event.ts";
import type { Findings } from "./violation-list.ts";
import type { KnownMessage } from "./message-order.ts";
import type { Reader } from "./channel-reader.ts";
import type { Acknowledged, Sends } from "./send-tracker.ts";

type Received = Extract<DeliveryEvent, { type: "received" }>;
type Stored = Extract<DeliveryEvent, { type: "stored" }>;
type Moved = Extract<DeliveryEvent, { type: "positioned" | "skipped" | "gap" }>;

/**
 * Who read what, and in which order. Whoever went past a place in a channel without a gap must have got every message
 * that anybody got there.
 */
export class Readings {
  readonly #findings: Findings;
  readonly #sends: Sends;
  readonly #channels = new Map<string, ChannelRecord>();

  constructor(findings: Findings, sends: Sends) {
    this.#findings = findings;
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
    const news = this.#learn(event, client);
    const reader = channel.reader(client);
    if (!reader.isReading) reader.start(epoch, offset - 1);
    else if (reader.epoch !== epoch) this.#newEpoch(reader, epoch, offset - 1);
    if (offset <= reader.last) return this.#receivedBehind(reader, event, news === "new");
    if (reader.stretchWith(epoch, offset))
      this.#findings.report("duplicate", event, `${nameOf(event)} came before the last gap, too`);
    this.#passOver(reader, channel.order(epoch).between(reader.last, offset), false);
    reader.advance(offset);
    if (id !== undefined && channel.order(epoch).isRepeated(id)) this.#receivedTwice(reader, event, id);
  }

  /** The message is there to be got, whether anybody gets it or not. */
  stored(event: Stored): void {
    this.#learn(event, "");
  }

  /** The client learns where it stands, without an announced gap. */
  positioned({ client, channel, epoch, offset, type }: Moved): void {
    const record = this.channel(channel);
    const reader = record.reader(client);
    record.order(epoch).reach(offset);
    if (!reader.isReading) reader.start(epoch, offset);
    else if (reader.epoch !== epoch) this.#newEpoch(reader, epoch, offset);
    const hasSkipped = reader.hasSkipped || type === "skipped";
    if (offset > reader.last)
      this.#passOver(reader, record.order(epoch).between(reader.last, offset + 1), hasSkipped);
    reader.advance(Math.max(reader.last, offset), hasSkipped);
  }

  gap({ client, channel, epoch, offset }: Moved): void {
    const record = this.channel(channel);
    record.order(epoch);
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

  /** The log is over: nothing comes any more. @param isComplete whether it tells everything that was stored */
  finish(isComplete: boolean): void {
    for (const channel of this.#channels.values()) {
      for (const reader of channel.readers.values()) this.#finish(channel, reader);
    }
    for (const acknowledged of this.#sends.unseen) {
      if (!isComplete) this.#expectReader(acknowledged);
      else
        this.#findings.report(
          "receipt",
          acknowledged,
          `${nameOf(acknowledged)} was acknowledged, and never stored`,
        );
    }
  }

  /** @param client who got it, if anybody did */
  #learn({ channel, epoch, offset, id }: Received | Stored, client: string): "known" | "new" {
    const record = this.channel(channel);
    const news = record.order(epoch).add(offset, id);
    if (news === "conflict") {
      const message = `${nameOf({ offset, id })}: others got something else there`;
      this.#findings.report("conflict", { client, channel }, message);
    }
    if (news === "late") {
      for (const reader of record.readers.values())
        if (reader.client !== client) this.#lateFor(reader, epoch, { offset, id });
    }
    return news === "new" || news === "late" ? "new" : "known";
  }

  #receivedBehind(reader: Reader, event: Received, isNew: boolean): void {
    const { epoch, offset } = event;
    const wasPassedOver = reader.found(offset);
    const isAgain = !wasPassedOver && !isNew && reader.stretchWith(epoch, offset) !== undefined;
    const message = `${nameOf(event)} came ${isAgain ? "again " : ""}after ${reader.last}`;
    this.#findings.report(isAgain ? "duplicate" : "disorder", event, message);
  }

  /** A message stands at two places of the channel, and one of them lies behind this one, on this side of a gap. */
  #receivedTwice(reader: Reader, event: Received, id: string): void {
    const { channel, epoch, offset } = event;
    const isEarlier = (other: number): boolean =>
      other !== offset && !reader.isMissing(other) && reader.stretchWith(epoch, other)?.isNow === true;
    const earlier = this.channel(channel).order(epoch).offsetsOf(id).find(isEarlier);
    if (earlier !== undefined)
      this.#findings.report("duplicate", event, `${nameOf(event)} came at ${earlier} before`);
  }

  /** Somebody got a message that was not known when others went past its place. */
  #lateFor(reader: Reader, epoch: string, message: KnownMessage): void {
    const stretch = reader.stretchWith(epoch, message.offset);
    if (stretch?.isNow) this.#passOver(reader, [message], stretch.hasSkipped);
    else if (stretch && !this.#isExcused(reader, message, stretch.hasSkipped))
      this.#findings.reportGaps(reader, [message.offset]);
  }

  #passOver(reader: Reader, messages: readonly KnownMessage[], hasSkipped: boolean): void {
    for (const message of messages) {
      if (this.#isExcused(reader, message, hasSkipped)) continue;
      this.#findings.reportGaps(reader, reader.miss(message.offset));
    }
  }

  /** A sender may be left out; and a `skip` may stand for something that the server's own code kept from a client. */
  #isExcused(reader: Reader, { id }: KnownMessage, hasSkipped: boolean): boolean {
    const send = this.#sends.get(id);
    if (send === undefined) return hasSkipped;
    return send.client === reader.client && (hasSkipped || !send.echo);
  }

  #newEpoch(reader: Reader, epoch: string, offset: number): void {
    const message = `epoch ${reader.epoch} became ${epoch}, and no gap was announced`;
    this.#findings.report("gap", reader, message);
    this.#end(reader);
    reader.start(epoch, offset);
  }

  #end(reader: Reader): void {
    this.#findings.reportGaps(reader, reader.end());
  }

  #finish(channel: ChannelRecord, reader: Reader): void {
    const { epoch, last } = reader;
    this.#findings.reportGaps(reader, reader.takeMissing());
    if (!reader.isReading) return;
    if (epoch !== channel.newestEpoch) {
      const message = `still reads epoch ${epoch}, and others read ${channel.newestEpoch}`;
      this.#findings.report("lost", reader, message);
      return;
    }
    for (const message of channel.order(epoch).between(last, Infinity)) {
      if (this.#isExcused(reader, message, false)) continue;
      this.#findings.report("lost", reader, `${nameOf(message)} never came, and others got it`);
    }
  }

  /** Nobody got an acknowledged message: so nobody may have been there who was not told of a gap. */
  #expectReader({ id, client, channel, offset, epoch }: Acknowledged): void {
    for (const reader of this.channel(channel).readers.values()) {
      const at = epoch ?? reader.epoch;
      if (this.#isExcused(reader, { id, offset }, reader.hasSkipped)) continue;
      const isDue = reader.isReading && reader.epoch === at && offset > reader.from;
      if (!isDue && reader.stretchWith(at, offset) === undefined) continue;
      const message = `${nameOf({ id, offset })} was acknowledged to ${client}, and nobody got it`;
      this.#findings.report("lost", reader, message);
      return;
    }
  }
}

function nameOf({ id, offset }: { readonly id?: string | undefined; readonly offset: number }): string {
  return id === undefined ? String(offset) : `${offset} (${id})`;
}
