// The origins of pages that the application has let in, so that their pages are known without another question.
// Written by the rule of origins and by the upgrade handler.
// Guarantee: as many origins as a server may have pages, and no more; the oldest are forgotten first.

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
