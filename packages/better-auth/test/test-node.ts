import type { UpgradeRequest } from "@halyard/server";
import type { TestAuth } from "./test-auth.ts";
import type { FakeClock } from "./fake-clock.ts";
import type { BetterAuthInstance, SessionOf } from "../src/identity/auth-instance.ts";
import { betterAuthAuthenticator } from "../src/authenticator.ts";
import type { BetterAuthAuthenticatorOptions } from "../src/options.ts";
import type {
  SessionCloseCode,
  SessionWatch,
  WatchedConnection,
  WatchingAuthenticator,
} from "@halyard/server";

type TestIdentity = SessionOf<BetterAuthInstance>;

/** What the server's core does for its authenticator, and nothing else. */
export class TestNode {
  readonly authenticator: WatchingAuthenticator<TestIdentity>;
  readonly watch: SessionWatch<TestIdentity>;
  readonly peers: TestNode[] = [];
  readonly announced: string[] = [];
  /** How often the store was asked for a session. */
  asked = 0;
  /** Whether it answers. */
  isStoreDown = false;
  #waiting = 0;

  constructor(auth: TestAuth["auth"], options: BetterAuthAuthenticatorOptions = {}) {
    void auth.$context.then(({ internalAdapter }) => this.#countLookUps(internalAdapter));
    this.authenticator = betterAuthAuthenticator(auth, { logger: { warn: () => undefined }, ...options });
    this.watch = this.authenticator.watch({
      announce: (notice) => {
        const wire = JSON.stringify(notice);
        this.announced.push(wire);
        for (const peer of this.peers) peer.watch.receive(JSON.parse(wire));
      },
    });
  }

  /** Lets time pass on the clock, and waits for the answers to what was asked. */
  async pass(clock: FakeClock, ms: number): Promise<void> {
    clock.advance(ms);
    for (let calm = 0; calm < 10; calm += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (this.#waiting > 0) calm = 0;
    }
  }

  /** @param between runs after the look-up and before the connection is registered */
  async open(request: UpgradeRequest, between?: () => Promise<unknown>): Promise<TestConnection> {
    const identity = await this.authenticator.authenticate(request);
    if (identity === null) throw new Error("401");
    await between?.();
    const connection = new TestConnection(identity, this.watch);
    this.watch.opened(connection);
    return connection;
  }

  #countLookUps(adapter: Awaited<TestAuth["auth"]["$context"]>["internalAdapter"]): void {
    const { findSession } = adapter;
    adapter.findSession = (token) => {
      this.asked += 1;
      this.#waiting += 1;
      const answer = this.isStoreDown ? Promise.reject(new Error("down")) : findSession(token);
      return answer.finally(() => (this.#waiting -= 1));
    };
  }
}

export class TestConnection implements WatchedConnection<TestIdentity> {
  identity: TestIdentity;
  closedWith: SessionCloseCode | undefined;
  replaced = 0;
  readonly #watch: SessionWatch<TestIdentity>;

  constructor(identity: TestIdentity, watch: SessionWatch<TestIdentity>) {
    this.identity = identity;
    this.#watch = watch;
  }

  get role(): unknown {
    return (this.identity.user as { readonly role?: unknown }).role;
  }

  replace(identity: TestIdentity): void {
    this.identity = identity;
    this.replaced += 1;
  }

  close(code: SessionCloseCode): void {
    this.closedWith ??= code;
    this.#watch.closed(this);
  }
}
