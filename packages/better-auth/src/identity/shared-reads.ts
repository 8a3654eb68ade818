/** Reads of the session store that are under way: calls for the same session share one read. */
export class SharedReads<TValue> {
  readonly #underWay = new Map<string, Promise<TValue>>();

  /** @param key what the value is read by, whole */
  share(key: string, read: () => Promise<TValue>): Promise<TValue> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const started = read().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, started);
    return started;
  }
}

/** The headers that one client sends with every request of its own, such as its credentials, and no two clients alike. */
export function readKeyOf(headers: Headers): string {
  let key = "";
  // The order of `Headers` is that of the names, and no value contains a line break.
  headers.forEach((value, name) => {
    if (!PER_REQUEST.test(name)) key += `${name}: ${value}\n`;
  });
  return key;
}

/** The second half is what proxies and tracers add, different for each request. */
const PER_REQUEST =
  /^(sec-websocket-.*|sec-fetch-.*|connection|upgrade|origin|accept|cache-control|pragma|x-request-id|x-correlation-id|x-amzn-trace-id|x-cloud-trace-context|x-b3-.*|b3|traceparent|tracestate|cf-ray)$/;
