// Completes welcomes that were sent while the backplane was away, or before `authorize` had answered. Created by the assembly; the
// monitor calls it when the backplane is back, and WelcomeSender after a welcome without the answer.
// Guarantees: a channel continues at the client's position, or with a gap; if the numbers of a client are forgotten, the client reconnects
// before any of its operations run; at most 64 connections are completed at once, and failures are retried.
import type { Position } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane } from "./backplane.ts";
import type { ChannelHub } from "./channels/channel-hub.ts";
import { GLOBAL_CHANNEL } from "./channels/channel-name.ts";
import {
  canCommit,
  commitReplay,
  gapFrame,
  isGap,
  planReplay,
  pushReplays,
  replayBudget,
} from "./channels/replay.ts";
import type { ReplayBudget, ReplayPlan } from "./channels/replay.ts";
import type { ClientRooms } from "./connection/client-rooms.ts";
import type { ConnectionTable } from "./connection/connection-table.ts";
import type { Connection } from "./connection/connection.ts";
import { isClosed } from "./connection/is-closed.ts";
import { noteBegunWork } from "./availability/unfinished-welcome.ts";
import type { UnfinishedWelcome } from "./availability/unfinished-welcome.ts";
import type { Authorization } from "./messages/authorization.ts";
import type { Rooms } from "./messages/rooms.ts";
import type { ErrorContext } from "./types.ts";
import type { BackplaneMonitor } from "./availability/backplane-monitor.ts";
import { isUnavailable } from "./utils/errors.ts";

/** The dependencies of {@link WelcomeFinisher}. */
export interface WelcomeFinisherParts {
  readonly authorization: Authorization;
  readonly backplane: Pick<Backplane, "recall">;
  readonly channels: ChannelHub;
  readonly clientRooms: ClientRooms;
  readonly connections: ConnectionTable;
  readonly monitor: Pick<BackplaneMonitor, "isAway" | "onReturn" | "suspect">;
  readonly report: (error: unknown, context: ErrorContext) => void;
  readonly rooms: Rooms;
}

interface RequestedChannel {
  readonly channel: string;
  readonly position: Position | undefined;
  /** What is left of the connection's replay budget. */
  readonly budget: ReplayBudget;
}

const AT_ONCE = 64;
const JOIN = ["join"] as const;
const RESUME = ["join", "history"] as const;

/** Completes welcomes. */
export class WelcomeFinisher {
  readonly #parts: WelcomeFinisherParts;
  #isRunning = false;

  constructor(parts: WelcomeFinisherParts) {
    this.#parts = parts;
  }

  /** Completes welcomes whenever the backplane is back. */
  start(): void {
    this.#parts.monitor.onReturn(() => this.#finishAll());
  }

  /** Never rejects. */
  async #finishAll(): Promise<void> {
    if (this.#isRunning) {
      // A run is in progress; `suspect` makes another one follow, which retries what failed.
      this.#parts.monitor.suspect();
      return;
    }
    this.#isRunning = true;
    const unfinished = [...this.#parts.connections.all()].filter((each) => each.unfinished !== undefined);
    const work = unfinished.values();
    const workers = Array.from({ length: Math.min(AT_ONCE, unfinished.length) }, async () => {
      for (const connection of work) await this.finish(connection);
    });
    await Promise.all(workers);
    this.#isRunning = false;
  }

  /** Completes the welcome of one connection. Never rejects. */
  async finish(connection: Connection): Promise<void> {
    const { monitor, report } = this.#parts;
    const { unfinished } = connection;
    if (unfinished === undefined || isClosed(connection)) return;
    try {
      // A new hello is being answered, or the backplane is away again.
      if (connection.stage !== "open" || monitor.isAway) throw new HalyardError("unavailable");
      await this.#complete(connection, unfinished);
      // What still waits on a connection that has closed must not run as if the client's numbers were known.
      if (connection.unfinished === unfinished && !isClosed(connection)) connection.unfinished = undefined;
    } catch (error) {
      if (isClosed(connection)) return;
      if (isUnavailable(error)) monitor.suspect();
      else {
        report(error, { type: "open", ws: connection.ws });
        connection.close(1013);
      }
    }
  }

  async #complete(connection: Connection, unfinished: UnfinishedWelcome): Promise<void> {
    const { backplane, clientRooms, rooms } = this.#parts;
    if (unfinished.needsMemory) {
      // Operations that the client repeats may have run before, so a new welcome must first tell it that their outcome is unknown.
      const begun = await backplane.recall?.(connection.client, connection.id);
      if (backplane.recall !== undefined && noteBegunWork(connection, begun)) {
        connection.close(1013);
        return;
      }
      unfinished.recalled();
    }
    const budget = replayBudget();
    for (const [channel, position] of unfinished.channels) {
      await this.#subscribe(connection, { channel, position, budget });
      unfinished.channels.delete(channel);
    }
    if (unfinished.hasUnreadRooms) {
      await clientRooms.recall(connection);
      [unfinished.hasUnreadRooms, unfinished.hasUnenteredRooms] = [false, true];
      connection.takenRooms = undefined;
    }
    if (!unfinished.hasUnenteredRooms) return;
    for (const room of connection.givenRooms ?? [])
      if (connection.pendingRooms?.has(room) !== true) await rooms.enterGiven(connection, room);
    unfinished.hasUnenteredRooms = false;
  }

  async #subscribe(connection: Connection, requested: RequestedChannel): Promise<void> {
    const { channels } = this.#parts;
    const { channel, position, budget } = requested;
    const plan = await this.#planAllowed(connection, requested);
    if (isClosed(connection) || channels.has(channel, connection)) return;
    // A new hello is being answered, and its welcome subscribes.
    if (connection.stage !== "open") throw new HalyardError("unavailable");
    if (plan === undefined) {
      if (position !== undefined && connection.isV1)
        connection.push(gapFrame(channel, { ...position, recovered: "forbidden" }));
      return;
    }
    if (!canCommit(channels, plan)) throw new HalyardError("unavailable");
    const replay = commitReplay(channels, connection, { plan, budget });
    const { state } = replay;
    // A client without a position got none from its welcome either, and may have missed messages since.
    const told = position === undefined ? ({ ...state, recovered: "lost" } as const) : state;
    if (isGap(told.recovered) && connection.isV1) connection.push(gapFrame(channel, told));
    pushReplays(connection, [replay]);
  }

  /** @returns undefined if the right to the channel has ended */
  async #planAllowed(connection: Connection, requested: RequestedChannel): Promise<ReplayPlan | undefined> {
    const { authorization, channels } = this.#parts;
    for (;;) {
      const version = connection.rightsVersion;
      if (requested.channel === GLOBAL_CHANNEL)
        for (const action of requested.position === undefined ? JOIN : RESUME)
          if (!(await authorization.allows(connection, action, GLOBAL_CHANNEL))) return undefined;
      const plan = await planReplay(channels, { ...requested, budget: { ...requested.budget } });
      if (version === connection.rightsVersion) return plan;
    }
  }
}
