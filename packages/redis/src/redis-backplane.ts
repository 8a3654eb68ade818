// The backplane on Redis: implements the contract of @halyard/server for one node, in the order of that contract.
// Created by create-redis-backplane.ts, and started by its system; a process without a system only calls it.
// Commands and pushed messages use separate connections; scripts/ contains what runs inside Redis.
import { randomBytes } from "node:crypto";
import type {
  Admission,
  AdmissionRequest,
  Backplane,
  BackplaneHandlers,
  BackplaneHealth,
  BegunWork,
  ChannelTop,
  ClientRef,
  Clock,
  Eviction,
  PresenceOp,
  PublishedWork,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
  Revocation,
  RoomHolder,
  RoomsOfClient,
  RosterPage,
  Work,
  WorkState,
} from "@halyard/server";
import { Calls } from "./link/calls.ts";
import { ChannelLog } from "./records/channel-log.ts";
import { Connection } from "./link/connection.ts";
import { Health } from "./link/health.ts";
import { Keys } from "./scripts/keys.ts";
import { KeptPositions } from "./records/kept-positions.ts";
import { Lease } from "./presence/lease.ts";
import { NotSentError } from "./link/not-sent-error.ts";
import { NodeMessages } from "./records/node-messages.ts";
import type { CheckedOptions } from "./options.ts";
import { PresenceStream } from "./presence/presence-stream.ts";
import { PresenceWriter } from "./presence/presence-writer.ts";
import { PushedMessages } from "./records/pushed-messages.ts";
import type { RedisBackplaneParts } from "./redis-backplane-parts.ts";
import { Records } from "./records/records.ts";
import { Repair } from "./records/repair.ts";
import type { ClientFactory } from "./common/redis-client.ts";
import { createScripts } from "./scripts/scripts.ts";
import { setUp } from "./link/setup.ts";
import { SetupError } from "./common/setup-error.ts";
import { StoreClock } from "./common/store-clock.ts";
import { systemClock } from "./common/system-clock.ts";
import { Subscriptions } from "./link/subscriptions.ts";

/** One node on Redis. */
export class RedisBackplane implements Backplane {
  readonly kind = "redis";
  readonly carriesStates = true;
  readonly nodeId = randomBytes(9).toString("base64url");
  readonly #options: CheckedOptions;
  readonly #commands: Connection;
  readonly #subscriptions: Subscriptions;
  readonly #calls: Calls;
  readonly #keys: Keys;
  readonly #log: ChannelLog;
  readonly #records: Records;
  readonly #kept: KeptPositions;
  readonly #lease: Lease;
  readonly #presence: PresenceWriter;
  readonly #stream: PresenceStream;
  readonly #messages: NodeMessages;
  readonly #repair: Repair;
  readonly #health: Health;
  #handlers: BackplaneHandlers | undefined;
  #started: Promise<void> | undefined;

  constructor(options: CheckedOptions, parts: RedisBackplaneParts) {
    const { clock = systemClock, createClient, database, scripts = createScripts() } = parts;
    this.#options = options;
    const time = new StoreClock(clock);
    const keys = (this.#keys = new Keys(options.prefix, options.partitions, database));
    this.#health = new Health(clock, () => [this.#commands.failure, this.#subscriptions.connection.failure]);
    this.#commands = new Connection({
      clock,
      createClient,
      prepare: async (client) => {
        const { name, warning } = await setUp(client, { keys, options, scripts, time });
        this.#health.warning = warning;
        await this.#repair.run("commands", client);
        return name;
      },
      onLost: (error) => {
        if (this.#handlers === undefined) return;
        this.#health.failed(error);
        this.#subscriptions.followStore(this.#commands);
        // The next beat finds out whether the store is still the same.
        this.#commands.up.then(() => this.#lease.beatIn(0)).catch(() => {});
      },
    });
    this.#calls = new Calls({ clock, connect: () => this.#use(), connection: this.#commands, options });
    const shared = { calls: this.#calls, clock, keys, nodeId: this.nodeId, scripts, time };
    const handlers = (): BackplaneHandlers | undefined => this.#handlers;
    this.#messages = new NodeMessages(shared, handlers);
    this.#repair = new Repair({ ...shared, handlers, messages: this.#messages, options });
    this.#records = new Records(shared);
    this.#log = new ChannelLog({ ...shared, records: this.#records, seen: this.#repair.losses.seen });
    this.#kept = new KeptPositions(shared);
    this.#stream = new PresenceStream({
      clock,
      onEvents: (events) => this.#handlers?.onPresence(events),
      onHole: () => this.#handlers?.onInterrupted("all"),
    });
    this.#lease = new Lease(
      { ...shared, leaseMs: options.leaseMs },
      { onRegistered: () => this.#declareAgain(), onBeat: this.#health.heard },
    );
    const { maxPendingCalls: limit } = options;
    this.#presence = new PresenceWriter({ ...shared, lease: this.#lease, stream: this.#stream, limit });
    this.#subscriptions = this.#createSubscriptions(clock, createClient);
    this.#messages.onSilence = (error) => {
      this.#subscriptions.connection.replace(error);
    };
  }

  /** Always "deny" if Redis cannot be used with these settings. */
  get onUnavailable(): "allow" | "deny" {
    return this.#commands.failure instanceof SetupError ? "deny" : this.#options.onUnavailable;
  }

  async start(handlers: BackplaneHandlers): Promise<void> {
    this.#handlers = handlers;
    this.#commands.hold();
    await this.#start();
    await this.#lease.start();
    this.#messages.start();
    this.#kept.start(() => this.#subscriptions.wanted);
  }

  async stop(): Promise<void> {
    this.#messages.stop();
    this.#kept.stop();
    this.#repair.losses.stop();
    if (this.#handlers !== undefined) {
      await this.#presence.stop();
      this.#handlers = undefined;
      await this.#lease.stop();
    }
    await this.#calls.settled();
    this.#subscriptions.stop();
    this.#commands.stop();
  }

  health(): BackplaneHealth {
    return this.#health.read({
      hasCommands: this.#commands.client !== undefined,
      hasPushes: this.#handlers === undefined || this.#subscriptions.connection.client !== undefined,
      dropped: this.#messages.dropped,
    });
  }

  async publish(channel: string, data: string, options: PublishOptions): Promise<PublishResult> {
    try {
      return await this.#log.publish(channel, data, options);
    } catch (error) {
      // A message that was sent but not answered may still arrive.
      if (options.history !== false || !(error instanceof NotSentError) || !this.#handlers) throw error;
      this.#handlers.onEphemeral(channel, data);
      return { position: undefined, duplicate: false };
    }
  }

  subscribe(channel: string): Promise<void> {
    return this.#subscriptions.follow(this.#keys.channel(channel).messages);
  }

  unsubscribe(channel: string): Promise<void> {
    this.#subscriptions.unfollow(this.#keys.channel(channel).messages);
    return Promise.resolve();
  }

  read(channel: string, page: ReadPage): Promise<ReadResult> {
    return this.#log.read(channel, page);
  }

  tops(channels: readonly string[]): Promise<readonly ChannelTop[]> {
    return this.#log.tops(channels);
  }

  admit(request: AdmissionRequest): Promise<Admission> {
    return this.#records.admit(request);
  }

  applyPresence(ops: readonly PresenceOp[]): Promise<readonly Eviction[]> {
    return this.#presence.add(ops);
  }

  roster(...[room, page]: Parameters<Backplane["roster"]>): Promise<RosterPage> {
    return this.#records.roster(room, page);
  }

  announce(data: string): Promise<void> {
    return this.#messages.announce(data);
  }

  send(nodeId: string, data: string): Promise<void> {
    return this.#messages.send(nodeId, data);
  }

  nodes(): Promise<readonly string[]> {
    return this.#records.nodes();
  }

  async revoke(mark: Revocation, ttlMs: number): Promise<void> {
    await this.#records.revoke(mark, ttlMs, this.#messages.revoked(mark));
    this.#repair.marks.add(mark, ttlMs);
  }

  revocations(users: readonly string[], sessions: readonly string[]): Promise<readonly Revocation[]> {
    return this.#records.revocations(users, sessions);
  }

  begin(work: Work): Promise<WorkState> {
    return this.#records.begin(work);
  }

  settle(work: Work, result: string | undefined): Promise<void> {
    return this.#records.settle(work, result);
  }

  publishOnce(work: Work, publication: PublishedWork): Promise<string | undefined> {
    return this.#log.send(work, publication);
  }

  recall(ref: ClientRef, connectionId: string): Promise<BegunWork | undefined> {
    return this.#records.recall(ref, connectionId);
  }

  giveRoom(ref: ClientRef, room: string): Promise<void> {
    return this.#records.changeRoom(ref, "give", room);
  }

  takeRoom(from: RoomHolder, room: string): Promise<void> {
    return this.#records.changeRoom(from, "take", room);
  }

  givenRooms(ref: ClientRef): Promise<readonly string[]> {
    return this.#records.givenRooms(ref);
  }

  setRooms(clients: readonly RoomsOfClient[]): Promise<void> {
    return this.#records.setRooms(clients);
  }

  #createSubscriptions(clock: Clock, createClient: ClientFactory): Subscriptions {
    const keys = this.#keys;
    const pushed = new PushedMessages({
      ...{ keys, losses: this.#repair.losses, messages: this.#messages, handlers: () => this.#handlers },
      onPresence: (text) => {
        this.#stream.receive(text);
      },
    });
    return new Subscriptions({
      clock,
      createClient,
      timeoutMs: this.#options.timeoutMs,
      always: [keys.nodes, keys.node(this.nodeId), keys.presence],
      onMessage: (text, topic) => {
        pushed.receive(text, topic);
      },
      beforeFollowing: async () => this.#repair.run("pushes", await this.#commands.up),
      onInterrupted: () => {
        this.#stream.restart();
        this.#handlers?.onInterrupted("all");
      },
    });
  }

  /** Connects at the first use, so that a build step that only creates a backplane opens no connection. */
  #use(): void {
    if (this.#started === undefined) this.#start().catch(() => {});
  }

  /** Resolves when both connections are up, or only the one for commands if nothing is pushed. @throws SetupError */
  #start(): Promise<void> {
    if (this.#started === undefined) {
      this.#commands.start();
      this.#started = Promise.resolve(this.#commands.up).then(() => {});
      this.#started.catch(() => {});
    }
    if (this.#handlers === undefined) return this.#started;
    this.#subscriptions.connection.start();
    return Promise.all([this.#started, this.#subscriptions.connection.up]).then(() => {});
  }

  /** Resolves when every connection is declared, however long that takes; only then may the earlier lease end. */
  async #declareAgain(): Promise<void> {
    const { client } = this.#commands;
    if (client !== undefined) await this.#repair.run("commands", client).catch(() => {});
    this.#presence.declare(() => this.#handlers?.onFenced());
    await this.#presence.applied();
  }
}
