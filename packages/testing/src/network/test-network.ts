import type { WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import type { AnyProtocol, ServerMessage, ServerMessages } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { Identity, WebSocketSystem } from "@halyard/server";
import { Member } from "./network-client.ts";
import { Rest } from "./quiescence-detector.ts";
import type { TestClock } from "../clock/test-clock.ts";
import type { Traffic } from "./traffic.ts";

export interface TestNetworkOptions {
  /** The clock that the system was made with. Clients use it, too. @default real time */
  readonly clock?: TestClock | undefined;
  /**
   * How long, in real time, something unanswered may stand still before the network counts as idle. Without a `clock`
   * nothing at all may happen for so long. Give more when handlers wait for something slow outside. @default 250
   */
  readonly quietMs?: number | undefined;
  /** What every client is made with. @default the client's own defaults */
  readonly client?: TestClientOptions | undefined;
}

/** Options of `createWebSocketClient`, without those that a network has to decide. */
export type TestClientOptions = Omit<
  WebSocketClientOptions,
  "url" | "autoConnect" | "WebSocket" | "clock" | "fetch" | "ticket"
>;

/** A client of `@halyard/client`, and what a test can do with it beside. */
export interface TestClient<TProtocol extends AnyProtocol> extends WebSocketClient<TProtocol> {
  /**
   * The next message of a type: the oldest that this method has not given yet, or the first to come.
   *
   * @throws Error when the network is idle and none came; it says what did come
   */
  next<TType extends keyof ServerMessages<TProtocol> & string>(
    type: TType,
  ): Promise<ServerMessage<TProtocol, TType>>;
  /** Breaks the line without a close frame: the server sees 1006, and the client reconnects by itself, after its wait. */
  cut(): void;
}

/** A server and its clients, without a network between them. */
export interface TestNetwork<TProtocol extends AnyProtocol, TIdentity extends Identity> {
  /**
   * Connects one more client of a user; a second one of the same user is another device.
   *
   * @throws Error when the server does not let it in, with the close code
   */
  connect(user: Partial<TIdentity["user"]> & { readonly id: string }): Promise<TestClient<TProtocol>>;
  /** Waits until nothing is under way: no frame, no answer, no connection that opens. Lets no time of a clock pass. */
  settle(): Promise<void>;
  /** Lets time pass, timer by timer, and waits after each one until nothing is under way. @throws Error without a clock */
  advance(ms: number): Promise<void>;
  /** Closes every client for good. The system stays. */
  close(): Promise<void>;
}

/**
 * Connects real clients to a real system, in memory: no sockets, no ports, and with a clock no waiting.
 *
 * Frames keep their order and never arrive within the call that sends them. `authenticate` is not asked: a user is who
 * `connect` says; everything else of the system works as it does on a network.
 *
 * @throws TypeError when the clock is not the one that the system was made with
 * @example
 * const clock = createTestClock();
 * const network = createTestNetwork(createWebSocketSystem({ clock }), { clock });
 * const ada = await network.connect({ id: "ada" });
 * ada.send("chat_message", { content: "hello" });
 * const { content } = await ada.next("chat_message");
 */
export function createTestNetwork<TProtocol extends AnyProtocol, TIdentity extends Identity>(
  system: WebSocketSystem<TProtocol, TIdentity>,
  options: TestNetworkOptions = {},
): TestNetwork<TProtocol, TIdentity> {
  return new MemoryNetwork(system, options);
}

const QUIET_MS = 250;
/** How many of the server's refusals are remembered, to explain why something did not come. */
const REFUSALS = 5;
const NO_CLOCK =
  "There is no clock to advance: make one with createTestClock(), and pass it to createWebSocketSystem({ clock }) and createTestNetwork(system, { clock })";
const FOREIGN_CLOCK =
  "The system does not use this clock: pass the same one to createWebSocketSystem({ clock }) and createTestNetwork(system, { clock })";

class MemoryNetwork<TProtocol extends AnyProtocol, TIdentity extends Identity> implements TestNetwork<
  TProtocol,
  TIdentity
> {
  readonly #system: WebSocketSystem<TProtocol, TIdentity>;
  readonly #options: TestNetworkOptions;
  readonly #traffic: Traffic = { inFlight: 0, moves: 0 };
  readonly #members = new Set<Member<TProtocol>>();
  readonly #rest: Rest;
  #refusals: string[] = [];
  #advancing: Promise<void> | undefined;

  constructor(system: WebSocketSystem<TProtocol, TIdentity>, options: TestNetworkOptions) {
    const { clock, quietMs = QUIET_MS } = options;
    // A system that lives has a heartbeat, so its clock has a timer.
    if (clock && clock.nextTimerAt === undefined) throw new TypeError(FOREIGN_CLOCK);
    this.#system = system;
    this.#options = options;
    this.#rest = new Rest({ traffic: this.#traffic, clock, quietMs, actors: this.#members });
  }

  async connect({
    id: userId,
    ...profile
  }: Partial<TIdentity["user"]> & { readonly id: string }): Promise<TestClient<TProtocol>> {
    const { manager } = this.#system;
    const member = new Member<TProtocol>({
      data: Object.assign(profile, { userId, protocol: SUBPROTOCOL }),
      server: {
        open: (ws) => manager.handleOpen(ws),
        message: (ws, text) => manager.handleMessage(ws, text),
        close: (ws, code) => manager.handleClose(ws, code),
      },
      traffic: this.#traffic,
      clock: this.#options.clock,
      options: this.#options.client ?? {},
      refused: (user, error) => this.#refused(user, error),
    });
    this.#members.add(member);
    await member.welcomed(this.settle());
    return Object.assign(member.client, {
      next: <TType extends keyof ServerMessages<TProtocol> & string>(type: TType) =>
        this.#next(member, type) as Promise<ServerMessage<TProtocol, TType>>,
      cut: () => member.cut(),
    });
  }

  async settle(): Promise<void> {
    do {
      await this.#advancing;
      await this.#rest.settle();
    } while (this.#advancing);
  }

  async advance(ms: number): Promise<void> {
    const { clock } = this.#options;
    if (!clock) throw new Error(NO_CLOCK);
    const advancing = clock.advance(ms, () => this.#rest.settle());
    const ended = advancing
      .catch(() => {})
      .then(() => {
        if (this.#advancing === ended) this.#advancing = undefined;
      });
    this.#advancing = ended;
    await advancing;
  }

  async close(): Promise<void> {
    for (const { client } of this.#members) client.close();
    await this.settle();
    this.#members.clear();
  }

  #next(member: Member<TProtocol>, type: string): Promise<unknown> {
    return member.inbox.take(
      type,
      () => this.settle(),
      () => {
        const came = `No ${type} came to ${member.userId}, and nothing is under way. What came: ${member.inbox.summary()}.`;
        if (this.#refusals.length === 0) return came;
        return `${came} What the server refused lately: ${this.#refusals.join("; ")}.`;
      },
    );
  }

  #refused(userId: string, { code, message }: Frame): void {
    this.#refusals = [...this.#refusals, `${userId}: ${String(code)}, ${String(message)}`].slice(-REFUSALS);
  }
}
