// The order of one channel in one epoch, put together from what all clients received.
// Kept by a channel record, and asked by the read tracker for the messages between two offsets.
// Guarantee: one entry per message, whatever the number of clients.

/** A message, as far as the log shows it. */
export interface KnownMessage {
  readonly offset: number;
  readonly id: string | undefined;
}

/** The known messages of one channel and epoch: what one client received, every other subscriber must receive, too. */
export class MessageOrder {
  #offsets: number[] = [];
  /** The furthest position of any client, also where there was no message. */
  #furthest = -Infinity;
  readonly #ids = new Map<number, string | undefined>();
  readonly #byId = new Map<string, number>();
  /** The offsets of each message that was published more than once. There should be none. */
  readonly #repeatedOffsets = new Map<string, number[]>();

  /** A client has this position. */
  advanceTo(offset: number): void {
    this.#furthest = Math.max(this.#furthest, offset);
  }

  /** `late`: the message is new, and a client was past its offset already. */
  add(offset: number, id: string | undefined): "known" | "new" | "late" | "conflict" {
    if (this.#ids.has(offset)) return this.#ids.get(offset) === id ? "known" : "conflict";
    this.#ids.set(offset, id);
    if (id !== undefined) this.#name(offset, id);
    this.#offsets.splice(this.#indexAfter(offset), 0, offset);
    const isLate = offset < this.#furthest;
    this.advanceTo(offset);
    return isLate ? "late" : "new";
  }

  /** The messages between two offsets, both excluded. */
  between(after: number, before: number): KnownMessage[] {
    const messages: KnownMessage[] = [];
    for (let index = this.#indexAfter(after); index < this.#offsets.length; index++) {
      const offset = this.#offsets[index] ?? before;
      if (offset >= before) break;
      messages.push({ offset, id: this.#ids.get(offset) });
    }
    return messages;
  }

  offsetsOf(id: string): readonly number[] {
    const repeated = this.#repeatedOffsets.get(id);
    if (repeated) return repeated;
    const offset = this.#byId.get(id);
    return offset === undefined ? [] : [offset];
  }

  /** Whether a message has more than one offset. */
  isRepeated(id: string): boolean {
    return this.#repeatedOffsets.has(id);
  }

  #name(offset: number, id: string): void {
    const first = this.#byId.get(id);
    if (first === undefined) this.#byId.set(id, offset);
    else this.#repeatedOffsets.set(id, [...(this.#repeatedOffsets.get(id) ?? [first]), offset]);
  }

  #indexAfter(offset: number): number {
    let low = 0;
    let high = this.#offsets.length;
    // Nearly every call asks for the end.
    if (offset >= (this.#offsets.at(-1) ?? -Infinity)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] ?? Infinity) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
