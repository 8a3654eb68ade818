type Area = "localStorage" | "sessionStorage";

/** The text of a key; undefined if there is none, or if the browser forbids storage. */
export function readItem(area: Area, key: string): string | undefined {
  try {
    return globalThis[area].getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a text, or removes an empty one. Does nothing if the browser forbids storage. */
export function writeItem(area: Area, key: string, value: string): void {
  try {
    if (value === "") globalThis[area].removeItem(key);
    else globalThis[area].setItem(key, value);
  } catch {
    // Forbidden, or full.
  }
}
