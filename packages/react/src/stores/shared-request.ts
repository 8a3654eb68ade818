// A request shared by the hooks with the same key.
// Called by `useRequest`, in effects only.
// It is aborted, and its reply forgotten, when the last component that uses it is unmounted.
import type { SendError, Unsubscribe } from "@halyard/client";
import type { AnyClient } from "../common/client-view.ts";
import { mapsByClient } from "../common/by-client.ts";
import { endAll } from "../common/end-all.ts";
import { LoadingStore } from "./loading-store.ts";
import { leaseOf } from "./room-lease.ts";
import type { Lease } from "./room-lease.ts";

export interface RequestState {
  readonly status: "pending" | "success" | "error";
  readonly data: unknown;
  readonly error: SendError | undefined;
}

export interface RequestDescription {
  readonly name: string;
  readonly input: unknown;
  readonly room: string | undefined;
}

/** The state before the request is sent, and during server rendering. */
export const PENDING: RequestState = { status: "pending", data: undefined, error: undefined };

export class SharedRequest extends LoadingStore<RequestState> {
  readonly #input: unknown;
  readonly #mount: Lease["mount"];
  /** How many hooks have the request enabled. */
  #enabled = 0;
  /** Ends the subscriptions of the request, once it was sent. */
  #stop: Unsubscribe | undefined;
  /** Ends the subscription to the user, of a request that is not enabled any more. */
  #unfollow: Unsubscribe | undefined;

  constructor(client: AnyClient, { name, input, room }: RequestDescription) {
    const { scope, mount } = leaseOf(client, room);
    super(PENDING, { client, scope, hook: "useRequest", name });
    this.#input = input;
    this.#mount = mount;
  }

  enable(): void {
    if (this.#enabled++ === 0) this.fetch();
  }

  /** The reply stays, and one that is under way is awaited, while a hook has the request, unless another user signs in. */
  disable(): void {
    if (--this.#enabled > 0) return;
    this.#unfollowAll();
    if (this.isWatched) this.#unfollow = this.followUser();
  }

  readonly fetch = (): void => {
    const { client, scope } = this.parts;
    this.#unfollow?.();
    this.#stop ??= endAll(
      this.#mount(),
      this.followConnection(),
      // Changes during the gap were not delivered, so the data may be outdated. Messages after the gap do not wait for the reply.
      client.onGap((channel) => {
        if (scope.name === undefined || channel === `room:${scope.name}`) this.fetch();
      }),
    );
    void this.run();
  };

  protected async attempt(signal: AbortSignal): Promise<() => Partial<RequestState>> {
    const { scope, name } = this.parts;
    const data = await scope.request(name, this.#input, { signal });
    return () => ({ data });
  }

  protected forget(): void {
    this.set(PENDING);
  }

  end(): void {
    this.abort();
    this.#unfollowAll();
  }

  #unfollowAll(): void {
    this.#unfollow?.();
    this.#stop?.();
    this.#stop = undefined;
  }
}

/** The requests of a client, by key. */
export const requestsOf = mapsByClient<SharedRequest>();
