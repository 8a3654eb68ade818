import type { UpgradeRequest } from "@halyard/server";
import type { TestAuth } from "./test-auth.ts";
import type { FakeClock } from "../../testing/src/clock/fake-clock.ts";
import type { BetterAuthInstance, SessionOf } from "../src/identity/auth-instance.ts";
import { betterAuthAuthenticator } from "../src/authenticator.ts";
import type { BetterAuthAuthenticatorOptions } from "../src/options.ts";
import type {
  SessionCloseCode,
  SessionMark,
  SessionWatch,
  WatchedConnection,
  WatchingAuthenticator,
} from "@halyard/server";

type TestIdentity = SessionOf<BetterAuthInstance>;

/** A node in place of a server: it does for the authenticator what the server's core does. */
export class TestNode {
  readonly authenticator: WatchingAuthenticator<TestIdentity>;
  readonly watch: SessionWatch<TestIdentity>;
  readonly peers: TestNode[] = [];
  readonly announced: string[] = [];
  readonly marks: SessionMark[] = [];
  /** How many sessions were read from the store. */
  reads = 0;
  /** Whether each read of the store fails. */
  isStoreDown = false;
  /** Whether no read of the store ends. */
  isStoreHanging = false;
  #pendingReads = 0;

  constructor(auth: TestAuth["auth"], options: BetterAuthAuthenticatorOptions = {}) {
    void auth.$context.then(({ internalAdapter }) => this.#countReads(internalAdapter));
    this.authenticator = betterAuthAuthenticator(auth, { logger: { warn: () => undefined }, ...options });
    this.watch = this.authenticator.watch({
      revoke: (mark) => this.marks.push(mark),
      announce: (notice) => {
        const wire = JSON.stringify(notice);
        this.announced.push(wire);
        for (const peer of this.peers) peer.watch.receive(JSON.parse(wire));
      },
    });
  }

  /** Advances the clock, timer by timer, and waits until the store has answered the reads that each caused. */
  async pass(clock: FakeClock, ms: number): Promise<void> {
    await clock.pass(ms, async () => {
      do await new Promise((resolve) => setImmediate(resolve));
      while (this.#pendingReads > 0);
    });
    for (let quietTurns = 0; quietTurns < 10; quietTurns += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (this.#pendingReads > 0) quietTurns = 0;
    }
  }

  /** @param between runs after the session was read and before the connection is registered */
  async open(request: UpgradeRequest, between?: () => Promise<unknown>): Promise<TestConnection> {
    const identity = await this.authenticator.authenticate(request);
    if (identity === null) throw new Error("401");
    await between?.();
    const connection = new TestConnection(identity, this.watch);
    this.watch.opened(connection);
    return connection;
  }

  #countReads(adapter: Awaited<TestAuth["auth"]["$context"]>["internalAdapter"]): void {
    const { findSession } = adapter;
    adapter.findSession = (token) => {
      this.reads += 1;
      if (this.isStoreHanging) return new Promise(() => undefined);
      this.#pendingReads += 1;
      const answer = this.isStoreDown ? Promise.reject(new Error("down")) : findSession(token);
      return answer.finally(() => (this.#pendingReads -= 1));
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
