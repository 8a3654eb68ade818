/** @throws RangeError if there is no such item */
export function itemAt<TItem>(items: readonly TItem[], index: number): TItem {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no ${String(index)} of ${String(items.length)}`);
  return item;
}
