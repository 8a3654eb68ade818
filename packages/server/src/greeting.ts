import type { ChannelState, HelloMessage } from "@halyard/protocol";
import { CloseCode, HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { Authorization } from "./authorization.js";
import { ALL, roomChannel, roomOf, userChannel } from "./channel-name.js";
import type { Connection } from "./connection.js";
import type { Core } from "./core.js";
import { isThenable, withDeadline } from "./deadline.js";
import { after, all, attempt } from "./eventual.js";
import type { Eventual } from "./eventual.js";
import { answer } from "./failures.js";
import { Frame } from "./frame.js";
import { publicUserJson } from "./presence-view.js";
import { profileOf } from "./public-profile.js";
import { canCommit, commitReplay, planReplay, pushReplay, replayBudget } from "./recovery.js";
import type { Replay, ReplayPlan } from "./recovery.js";
import type { Rooms } from "./rooms.js";
import { wishesOf } from "./wishes.js";
import type { Wish } from "./wishes.js";

export interface GreetingParts {
  readonly core: Core;
  readonly authorization: Authorization;
  readonly rooms: Rooms;
  readonly shut: (connection: Connection, code: number, reason?: string) => void;
}

/** What a client asks for when it says hello. */
type Wanted = Pick<HelloMessage, "positions" | "rooms"> & { readonly re: string | undefined };

const NOTHING_WANTED: Wanted = { positions: [], rooms: [], re: undefined };
const PLAN_TRIES = 3;

interface Granted {
  readonly wishes: readonly Wish[];
  readonly plans: readonly ReplayPlan[];
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
    return after(this.#connected(connection), () => this.#welcome(connection, NOTHING_WANTED));
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
  #connected(connection: Connection): Eventual<unknown> {
    const { core } = this.#parts;
    const { onConnect } = core.config;
    connection.isConnected = true;
    if (onConnect === undefined) return undefined;
    const { ws, identity } = connection;
    return attempt<unknown>(
      () => {
        const connecting = onConnect({ ws, user: identity.user, session: identity.session });
        const deadline = { clock: core.clock, ms: core.limits.handlerMs };
        return isThenable(connecting) ? withDeadline(connecting, deadline) : undefined;
      },
      (error) => {
        core.report(error, { type: "onConnect", ws });
      },
    );
  }

  #welcome(connection: Connection, hello: Wanted): Eventual<unknown> {
    return after(wishesOf(connection, hello, this.#parts), (wishes) =>
      after(this.#plans(wishes.every(isGranted) ? wishes : wishes.filter(isGranted)), (plans) =>
        isClosed(connection) ? undefined : this.#commit(connection, { wishes, plans, re: hello.re }),
      ),
    );
  }

  /** From the check of the plans on in one turn: nothing can be published between position, replay and subscription. */
  #commit(connection: Connection, { wishes, plans, re }: Granted): Eventual<unknown> {
    const { core } = this.#parts;
    if (!plans.every(({ channel }) => core.hub.holds(channel))) throw new HalyardError("unavailable");
    const budget = replayBudget();
    const replays: Replay[] = [];
    for (const plan of plans) {
      replays.push(commitReplay(core.hub, connection, { plan, budget }));
      const room = roomOf(plan.channel.name);
      if (room !== undefined) (connection.rooms ??= new Set()).add(room);
    }
    connection.stage = "open";
    core.clock.clearTimeout(connection.timer);
    answer(connection, this.#openWelcome(connection, { wishes, replays }), re);
    for (const { channel, state, entries } of replays) {
      if (isGap(state.recovered)) connection.push(new Frame(gapJson(channel, state)));
      pushReplay(connection, channel, entries);
    }
    this.#sendRefused(connection, wishes);
    connection.questions?.flush();
    return after(this.#showPresence(connection), () =>
      connection.rooms === undefined && connection.invited === undefined
        ? undefined
        : this.#enterRooms(connection),
    );
  }

  async #enterRooms(connection: Connection): Promise<void> {
    const { rooms } = this.#parts;
    for (const room of connection.rooms ?? []) await rooms.announce(connection, room);
    // Whoever was invited while the welcome was prepared.
    for (const room of connection.invited ?? []) await rooms.joinByServer(connection, room);
  }

  /** So much may be published while plans are made that some do not reach back any more: those are made again. */
  #plans(
    wishes: readonly Pick<Wish, "channel" | "position">[],
    tries = PLAN_TRIES,
  ): Eventual<readonly ReplayPlan[]> {
    const { hub, backplane } = this.#parts.core;
    const planning = wishes.map((wish) => planReplay(hub, backplane, wish));
    return after(all(planning), (plans) => {
      if (tries === 0 || plans.every((plan) => canCommit(hub, plan))) return plans;
      const again = plans.map(({ channel, from }) => ({ channel: channel.name, position: from }));
      return this.#plans(again, tries - 1);
    });
  }

  /** As {@link answer} takes it. Channels are put together as text: an object of their names is one of a kind each time. */
  #openWelcome(
    connection: Connection,
    { wishes, replays }: { wishes: readonly Wish[]; replays: readonly Replay[] },
  ): string {
    const { table } = this.#parts.core;
    const { identity, openedAt: since } = table.guest(connection.userId) ?? connection;
    const user = publicUserJson({ profile: JSON.stringify(profileOf(identity.user)), since });
    const channels: string[] = [];
    for (const { channel, position, refused } of wishes) {
      const state = replays.find((replay) => replay.channel === channel)?.state;
      if (state !== undefined) channels.push(entryJson(channel, state));
      else if (refused === "forbidden")
        channels.push(entryJson(channel, { epoch: "-", off: 0, ...position, recovered: "forbidden" }));
    }
    this.#terms ??= termsJson(this.#parts.core);
    const own = `{"type":"welcome","connectionId":${JSON.stringify(connection.id)},"user":${user}`;
    return `${own},${this.#terms},"channels":{${channels.join(",")}}`;
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

  #showPresence(connection: Connection): Eventual<unknown> {
    const { core, authorization } = this.#parts;
    if ((core.config.builtIns?.presence ?? "all") !== "all") return undefined;
    return after(authorization.allows(connection, "presence", ALL), (maySee) => {
      if (maySee && !isClosed(connection)) core.presence.show(connection);
    });
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

/** The fields of a welcome that are everybody's. */
function termsJson({ limits, types }: Core): string {
  const terms = {
    limits: {
      messageBytes: limits.messageBytes,
      unacknowledged: LIMITS.unacknowledged,
      messagesPerSecond: limits.messagesPerSecond,
      bytesPerSecond: limits.bytesPerSecond,
    },
    heartbeat: { intervalMs: limits.heartbeatMs, timeoutMs: limits.silenceMs },
    ephemeral: types.ephemeral,
  };
  return JSON.stringify(terms).slice(1, -1);
}

function entryJson(channel: string, state: ChannelState): string {
  return `${JSON.stringify(channel)}:${JSON.stringify(state)}`;
}

function isGap(recovered: ChannelState["recovered"]): boolean {
  return recovered !== true && recovered !== "new" && recovered !== "pending";
}

function gapJson(ch: string, { epoch, off, recovered }: ChannelState): string {
  return JSON.stringify({ type: "gap", ch, epoch, off, reason: recovered });
}
