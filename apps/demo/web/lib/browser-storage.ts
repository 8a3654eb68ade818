type Area = "localStorage" | "sessionStorage";

/** The text of a key; undefined when there is none, and where the browser forbids storage. */
export function readItem(area: Area, key: string): string | undefined {
  try {
    return globalThis[area].getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a text, or removes an empty one. Where the browser forbids it, the choice lasts as long as the page. */
export function writeItem(area: Area, key: string, value: string): void {
  try {
    if (value === "") globalThis[area].removeItem(key);
    else globalThis[area].setItem(key, value);
  } catch {
    // Forbidden, or full.
  }
}
