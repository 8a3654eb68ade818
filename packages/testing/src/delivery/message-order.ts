/** A message as far as anybody has seen it. */
export interface KnownMessage {
  readonly offset: number;
  readonly id: string | undefined;
}

/** All that is known of the order of one channel in one epoch: what some client got, somebody else must get, too. */
export class MessageOrder {
  #offsets: number[] = [];
  /** So far has somebody read, also where there was nothing to get. */
  #reached = -Infinity;
  readonly #ids = new Map<number, string | undefined>();
  readonly #byId = new Map<string, number>();
  /** Where a message stands that was published more than once. There should be none. */
  readonly #again = new Map<string, number[]>();

  reach(offset: number): void {
    this.#reached = Math.max(this.#reached, offset);
  }

  /** `late`: it was not known, and somebody was behind it already. */
  add(offset: number, id: string | undefined): "known" | "new" | "late" | "conflict" {
    if (this.#ids.has(offset)) return this.#ids.get(offset) === id ? "known" : "conflict";
    this.#ids.set(offset, id);
    if (id !== undefined) this.#name(offset, id);
    this.#offsets.splice(this.#indexAfter(offset), 0, offset);
    const isLate = offset < this.#reached;
    this.reach(offset);
    return isLate ? "late" : "new";
  }

  /** What lies between two offsets, without them. */
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
    const again = this.#again.get(id);
    if (again) return again;
    const offset = this.#byId.get(id);
    return offset === undefined ? [] : [offset];
  }

  /** Whether a message stands at more than one place. */
  isRepeated(id: string): boolean {
    return this.#again.has(id);
  }

  #name(offset: number, id: string): void {
    const first = this.#byId.get(id);
    if (first === undefined) this.#byId.set(id, offset);
    else this.#again.set(id, [...(this.#again.get(id) ?? [first]), offset]);
  }

  #indexAfter(offset: number): number {
    let low = 0;
    let high = this.#offsets.length;
    // Nearly every question is about the end.
    if (offset >= (this.#offsets.at(-1) ?? -Infinity)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] ?? Infinity) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
