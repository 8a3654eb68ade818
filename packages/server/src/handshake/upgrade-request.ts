import type { RequestSource } from "../security/client-address.ts";
import type { UpgradeRequest } from "../types.ts";

/** A request, and where it comes from. */
export class LocatedRequest implements UpgradeRequest {
  readonly source: RequestSource;
  /** What the decision waits for, for the report of a time-out. */
  awaits: "allowedOrigins" | "authenticate" | "backplane" = "authenticate";
  readonly #request: UpgradeRequest;

  constructor(request: UpgradeRequest, source: RequestSource) {
    this.#request = request;
    this.source = source;
  }

  get url(): string {
    return this.#request.url;
  }

  get headers(): Headers {
    return this.#request.headers;
  }

  get raw(): unknown {
    return this.#request.raw;
  }

  /** The client's address in place of its proxy's. */
  get remoteAddress(): string | undefined {
    return this.source.address;
  }
}
