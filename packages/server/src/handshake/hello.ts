import type { ChannelState, HelloMessage } from "@halyard/protocol";
import { CloseCode, HalyardError } from "@halyard/protocol/wire";
import type { Authorization } from "../messages/authorization.ts";
import { ALL, roomChannel, roomOf, userChannel } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { AnyConfig, Core } from "../messages/server-context.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { all } from "../utils/maybe-promise.ts";
import type { Eventual } from "../utils/maybe-promise.ts";
import { answer } from "../messages/error-replies.ts";
import { Frame } from "../delivery/outbound-frame.ts";
import { canCommit, commitReplay, planReplay, pushReplay, replayBudget } from "../channels/replay.ts";
import type { Replay, ReplayPlan } from "../channels/replay.ts";
import type { Rooms } from "../messages/rooms.ts";
import { wishesOf } from "./requested-channels.ts";
import { channelsJson, ownJson, termsJson } from "./welcome-frame.ts";
import type { Wish } from "./requested-channels.ts";

export interface GreetingParts {
  readonly core: Core;
  readonly authorization: Authorization;
  readonly rooms: Rooms;
  readonly shut: (connection: Connection, code: number, reason?: string) => void;
}

type OnConnect = NonNullable<AnyConfig["onConnect"]>;

/** What a client asks for when it says hello. */
type Wanted = Pick<HelloMessage, "positions" | "rooms"> & { readonly re: string | undefined };

const NOTHING_WANTED: Wanted = { positions: [], rooms: [], re: undefined };
const PLAN_TRIES = 3;

interface Granted {
  readonly wishes: readonly Wish[];
  readonly re: string | undefined;
}

/** Lets a connection in: asks who it was, subscribes it, replays what it missed, and says welcome, in one step. */
export class Greeting {
  readonly #parts: GreetingParts;
  #terms: string | undefined;

  constructor(parts: GreetingParts) {
    this.#parts = parts;
  }

  /** A plain client hears what happens from now on. */
  welcomePlain(connection: Connection): Eventual<unknown> {
    const connecting = this.#connected(connection);
    return connecting === undefined
      ? this.#welcome(connection, NOTHING_WANTED)
      : this.#welcomePlainLater(connection, connecting);
  }

  async #welcomePlainLater(connection: Connection, connecting: Promise<void>): Promise<void> {
    await connecting;
    await this.#welcome(connection, NOTHING_WANTED);
  }

  /** @throws HalyardError `contract_mismatch`, `conflict`
   * @param re what the client called its hello: the welcome carries it, so that an earlier one is not taken for it */
  async greet(connection: Connection, hello: HelloMessage, re: string | undefined): Promise<void> {
    const { core, shut } = this.#parts;
    if (core.config.acceptContract?.(hello.contract) === false) {
      shut(connection, CloseCode.ContractTooOld, "contract_mismatch");
      return;
    }
    const wasPlain = connection.stage === "open";
    if (wasPlain) {
      // Between this hello and its welcome nothing is sent: the plain subscriptions end here.
      this.#unsubscribe(connection);
      connection.stage = "greeting";
    }
    if (!(await this.#becomeClient(connection, hello))) return;
    if (!wasPlain) await this.#connected(connection);
    await this.#welcome(connection, { ...hello, re });
  }

  /** @returns false when a newer attempt is here, or the user has too many clients */
  async #becomeClient(connection: Connection, hello: HelloMessage): Promise<boolean> {
    const { core, shut } = this.#parts;
    const { client, user } = connection.client;
    if (client !== connection.id) {
      // The URL has said it already; a client that says something else now is confused.
      if (client !== hello.clientId || connection.attempt !== hello.attempt)
        throw new HalyardError("conflict");
      return true;
    }
    const { maxConnectionsPerUser: limit = 20 } = core.config;
    const { clientId, attempt } = hello;
    const request = {
      user,
      client: clientId,
      attempt,
      connectionId: connection.id,
      limit,
      policy: "reject" as const,
    };
    const admission = await core.backplane.admit(request);
    if (isClosed(connection)) return false;
    if (!admission.admitted) {
      const isOld = admission.reason === "superseded";
      shut(connection, isOld ? CloseCode.Superseded : CloseCode.ConnectionLimit);
      return false;
    }
    connection.client = { user, client: clientId };
    connection.attempt = attempt;
    connection.isV1 = true;
    for (const old of admission.replaced.length === 0 ? [] : core.table.ofUser(user))
      if (admission.replaced.includes(old.id)) shut(old, CloseCode.Superseded);
    return true;
  }

  /** The application's `onConnect`, which may join rooms. Its failure is its own. */
  #connected(connection: Connection): Promise<void> | undefined {
    const { onConnect } = this.#parts.core.config;
    connection.isConnected = true;
    return onConnect && this.#tell(connection, onConnect);
  }

  async #tell({ ws, identity }: Connection, onConnect: OnConnect): Promise<void> {
    const { core } = this.#parts;
    try {
      const connecting = onConnect({ ws, user: identity.user, session: identity.session });
      await withDeadline(connecting, { clock: core.clock, ms: core.limits.handlerMs });
    } catch (error) {
      core.report(error, { type: "onConnect", ws });
    }
  }

  #welcome(connection: Connection, hello: Wanted): Eventual<unknown> {
    const wishes = wishesOf(connection, hello, this.#parts);
    return wishes instanceof Promise
      ? this.#subscribeLater(connection, wishes, hello.re)
      : this.#subscribe(connection, { wishes, re: hello.re });
  }

  async #subscribeLater(
    connection: Connection,
    wishes: Promise<readonly Wish[]>,
    re: string | undefined,
  ): Promise<void> {
    await this.#subscribe(connection, { wishes: await wishes, re });
  }

  #subscribe(connection: Connection, wanted: Granted): Eventual<unknown> {
    const { wishes } = wanted;
    const plans = this.#plan(wishes.every(isGranted) ? wishes : wishes.filter(isGranted));
    return plans instanceof Promise
      ? this.#commitLater(connection, plans, wanted)
      : this.#commit(connection, plans, wanted);
  }

  /** So much may be published while plans are made that some do not reach back any more: those are made again. */
  async #commitLater(
    connection: Connection,
    planning: Promise<readonly ReplayPlan[]>,
    wanted: Granted,
  ): Promise<void> {
    const { hub } = this.#parts.core;
    let plans = await planning;
    for (let tries = 0; tries < PLAN_TRIES && !plans.every((plan) => canCommit(hub, plan)); tries++)
      plans = await this.#plan(plans.map(({ channel, from }) => ({ channel: channel.name, position: from })));
    await this.#commit(connection, plans, wanted);
  }

  /** From the check of the plans on in one turn: nothing can be published between position, replay and subscription. */
  #commit(connection: Connection, plans: readonly ReplayPlan[], { wishes, re }: Granted): Eventual<unknown> {
    const { core } = this.#parts;
    if (isClosed(connection)) return undefined;
    for (const { channel } of plans) if (!core.hub.holds(channel)) throw new HalyardError("unavailable");
    const budget = replayBudget();
    const replays: Replay[] = [];
    for (const plan of plans) {
      replays.push(commitReplay(core.hub, connection, { plan, budget }));
      const room = roomOf(plan.channel.name);
      if (room !== undefined) (connection.rooms ??= new Set()).add(room);
    }
    connection.stage = "open";
    core.clock.clearTimeout(connection.timer);
    this.#terms ??= termsJson(core);
    const channels = channelsJson(wishes, replays);
    answer(connection, `${ownJson(connection, core.table)},${this.#terms},"channels":${channels}`, re);
    for (const { channel, state, entries } of replays) {
      if (isGap(state.recovered)) connection.push(new Frame(gapJson(channel, state)));
      pushReplay(connection, channel, entries);
    }
    this.#sendRefused(connection, wishes);
    connection.questions?.flush();
    const shown = this.#showPresence(connection);
    const isAlone = connection.rooms === undefined && connection.invited === undefined;
    return shown === undefined && isAlone ? undefined : this.#enterRooms(connection, shown);
  }

  async #enterRooms(connection: Connection, shown: Promise<void> | undefined): Promise<void> {
    const { rooms } = this.#parts;
    await shown;
    for (const room of connection.rooms ?? []) await rooms.announce(connection, room);
    // Whoever was invited while the welcome was prepared.
    for (const room of connection.invited ?? []) await rooms.joinByServer(connection, room);
  }

  #plan(wishes: readonly Pick<Wish, "channel" | "position">[]): Eventual<readonly ReplayPlan[]> {
    const { hub, backplane } = this.#parts.core;
    const plans: Eventual<ReplayPlan>[] = [];
    for (const wish of wishes) plans.push(planReplay(hub, backplane, wish));
    return all(plans);
  }

  #sendRefused(connection: Connection, wishes: readonly Wish[]): void {
    for (const { channel, position, refused } of wishes) {
      if (refused === undefined) continue;
      const room = roomOf(channel);
      if (position !== undefined)
        connection.push(new Frame(gapJson(channel, { ...position, recovered: "forbidden" })));
      if (room !== undefined)
        connection.push(new Frame(JSON.stringify({ type: "left", room, reason: refused })));
    }
  }

  #showPresence(connection: Connection): Promise<void> | undefined {
    const { core, authorization } = this.#parts;
    if ((core.config.builtIns?.presence ?? "all") !== "all") return undefined;
    const maySee = authorization.allows(connection, "presence", ALL);
    if (maySee instanceof Promise) return this.#showLater(connection, maySee);
    if (maySee && !isClosed(connection)) core.presence.show(connection);
    return undefined;
  }

  async #showLater(connection: Connection, maySee: Promise<boolean>): Promise<void> {
    if ((await maySee) && !isClosed(connection)) this.#parts.core.presence.show(connection);
  }

  #unsubscribe(connection: Connection): void {
    const { core } = this.#parts;
    core.hub.remove(ALL, connection);
    core.hub.remove(userChannel(connection.userId), connection);
    core.presence.hide(connection);
    for (const room of connection.rooms ?? []) {
      core.hub.remove(roomChannel(room), connection);
      core.presence.hide(connection, room);
    }
  }
}

function isGranted({ refused }: Wish): boolean {
  return refused === undefined;
}

// Asked again after each await: TypeScript would believe that the stage is what it was.
function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

function isGap(recovered: ChannelState["recovered"]): boolean {
  return recovered !== true && recovered !== "new" && recovered !== "pending";
}

function gapJson(ch: string, { epoch, off, recovered }: ChannelState): string {
  return JSON.stringify({ type: "gap", ch, epoch, off, reason: recovered });
}
