/** Shares running reads of the session store: calls for the same session share one read. */
export class SharedReads<TValue> {
  readonly #underWay = new Map<string, Promise<TValue>>();

  /** @param key everything that determines the value */
  share(key: string, read: () => Promise<TValue>): Promise<TValue> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const started = read().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, started);
    return started;
  }
}

/** A key of the headers that are the same for all requests of one client, such as its credentials, and differ between clients. */
export function readKeyOf(headers: Headers): string {
  let key = "";
  // `Headers` are sorted by name, and no value contains a line break.
  headers.forEach((value, name) => {
    if (!PER_REQUEST.test(name)) key += `${name}: ${value}\n`;
  });
  return key;
}

/** The headers that differ for each request; the second half are those that proxies and tracers add. */
const PER_REQUEST =
  /^(sec-websocket-.*|sec-fetch-.*|connection|upgrade|origin|accept|cache-control|pragma|x-request-id|x-correlation-id|x-amzn-trace-id|x-cloud-trace-context|x-b3-.*|b3|traceparent|tracestate|cf-ray)$/;
