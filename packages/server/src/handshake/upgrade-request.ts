import type { UpgradeRequest } from "../types.ts";

/** A request with the address of its client in place of its proxy's. */
export class RequestWithClientAddress implements UpgradeRequest {
  readonly remoteAddress: string | undefined;
  /** What the decision waits for, for the report of a time-out. */
  awaits: "authenticate" | "backplane" = "authenticate";
  readonly #request: UpgradeRequest;

  constructor(request: UpgradeRequest, remoteAddress: string | undefined) {
    this.#request = request;
    this.remoteAddress = remoteAddress;
  }

  get url(): string {
    return this.#request.url;
  }

  get headers(): Headers {
    return this.#request.headers;
  }
}
