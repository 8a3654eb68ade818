/** A live view of a map: each value is computed from the source's value when it is read. */
export class ReadonlyMapView<TSource, TValue> implements ReadonlyMap<string, TValue> {
  readonly #source: ReadonlyMap<string, TSource>;
  readonly #project: (source: TSource) => TValue;

  constructor(source: ReadonlyMap<string, TSource>, project: (source: TSource) => TValue) {
    this.#source = source;
    this.#project = project;
  }

  get size(): number {
    return this.#source.size;
  }

  has(key: string): boolean {
    return this.#source.has(key);
  }

  get(key: string): TValue | undefined {
    const source = this.#source.get(key);
    return source === undefined ? undefined : this.#project(source);
  }

  forEach(
    callback: (value: TValue, key: string, map: ReadonlyMap<string, TValue>) => void,
    thisValue?: unknown,
  ): void {
    for (const [key, value] of this) callback.call(thisValue, value, key, this);
  }

  keys(): MapIterator<string> {
    return this.#source.keys();
  }

  *values(): MapIterator<TValue> {
    for (const source of this.#source.values()) yield this.#project(source);
  }

  *entries(): MapIterator<[string, TValue]> {
    for (const [key, source] of this.#source) yield [key, this.#project(source)];
  }

  [Symbol.iterator](): MapIterator<[string, TValue]> {
    return this.entries();
  }
}
