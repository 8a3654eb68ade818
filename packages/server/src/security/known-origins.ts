// Remembers the origins that the application has allowed, so that it need not be asked about them again.
// Filled by OriginRule.
// Guarantee: the number of origins is bounded; the oldest are forgotten first.

const MAX_ORIGINS = 1_000;

/** A bounded set of origins. */
export class KnownOrigins {
  readonly #origins = new Set<string>();

  has(origin: string): boolean {
    return this.#origins.has(origin);
  }

  add(origin: string): void {
    this.#origins.delete(origin);
    this.#origins.add(origin);
    const [oldest = ""] = this.#origins;
    if (this.#origins.size > MAX_ORIGINS) this.#origins.delete(oldest);
  }
}
