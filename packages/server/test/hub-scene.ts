import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane, Publication, ReadResult } from "../src/backplane.ts";
import { ChannelHub } from "../src/channels/channel-hub.ts";
import type { Connection } from "../src/connection/connection.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { silentLogger } from "../src/logger.ts";
import { createMemoryBackplane } from "../src/memory/memory-backplane.ts";
import { FakeClock } from "./fake-clock.ts";
import { Connections } from "./fake-connection.ts";

/** The channels of one node, on a backplane that can lose messages and be unavailable. */
export class HubScene {
  readonly clock = new FakeClock();
  readonly connections = new Connections(this.clock);
  readonly backplane: Backplane;
  readonly hub: ChannelHub;
  readonly ada = this.connections.open("ada");
  /** Publications that the backplane lost. */
  readonly lost: Publication[] = [];
  losesPublications = false;
  isUnavailable = false;
  reads = 0;
  readonly unsubscribed: string[] = [];
  /** Called after the store was read and before the result is returned. */
  onRead: (() => void) | undefined;
  /** Changes the result of a read. */
  rewrite: ((read: ReadResult) => ReadResult) | undefined;

  constructor() {
    const memory = createMemoryBackplane({ clock: this.clock });
    this.backplane = {
      kind: "flaky",
      nodeId: memory.nodeId,
      start: (handlers) => memory.start(handlers),
      stop: () => memory.stop(),
      publish: (...args) => memory.publish(...args),
      subscribe: (channel) => (this.isUnavailable ? unavailable() : memory.subscribe(channel)),
      unsubscribe: (channel) => {
        this.unsubscribed.push(channel);
        return this.isUnavailable ? unavailable() : memory.unsubscribe(channel);
      },
      read: async (...args) => {
        this.reads++;
        if (this.isUnavailable) return unavailable();
        const read = await memory.read(...args);
        this.onRead?.();
        return this.rewrite?.(read) ?? read;
      },
      admit: (request) => memory.admit(request),
      applyPresence: (ops) => memory.applyPresence(ops),
      roster: (...args) => memory.roster(...args),
      announce: (data) => memory.announce(data),
      health: () => memory.health(),
      tops: (channels) => (this.isUnavailable ? unavailable() : memory.tops(channels)),
      send: (...args) => memory.send(...args),
      nodes: () => memory.nodes(),
      revoke: (...args) => memory.revoke(...args),
      revocations: (...args) => memory.revocations(...args),
      giveRoom: (...args) => memory.giveRoom(...args),
      takeRoom: (...args) => memory.takeRoom(...args),
      givenRooms: (ref) => memory.givenRooms(ref),
      begin: (work) => memory.begin(work),
      settle: (...args) => memory.settle(...args),
    };
    const { historyMessages: messages, historyBytes: bytes, historyMs: ms } = DEFAULT_LIMITS;
    this.hub = new ChannelHub({
      isAway: () => false,
      backplane: this.backplane,
      clock: this.clock,
      logger: silentLogger,
      retention: { messages, bytes, ms },
      recentBytes: 1024 * 1024,
    });
    void memory.start({
      onPublication: (publication) => {
        if (this.losesPublications) this.lost.push(publication);
        else this.hub.onPublication(publication);
      },
      onEphemeral: this.hub.onEphemeral,
      onInterrupted: this.hub.onInterrupted,
      onPresence: () => undefined,
      onNotice: () => undefined,
      onMessage: () => undefined,
      onRevoked: () => undefined,
      onFenced: () => undefined,
    });
  }

  async read(connection: Connection, channel = "all"): Promise<void> {
    this.hub.add(await this.hub.whenSynced(channel), connection);
  }

  async publish(...names: string[]): Promise<void> {
    for (const type of names)
      await this.hub.publish("all", { json: JSON.stringify({ type }), ephemeral: false });
    await this.clock.settle();
  }

  /** The types of the frames that a connection received since the last call; a gap with its reason. */
  received(connection = this.ada): string[] {
    return this.connections
      .received(connection)
      .map(({ type, reason }) => (type === "gap" ? `gap ${String(reason)}` : type));
  }
}

function unavailable(): Promise<never> {
  return Promise.reject(new HalyardError("unavailable"));
}
