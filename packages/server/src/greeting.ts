import type { ChannelState, HelloMessage, PublicUser } from "@halyard/protocol";
import { CloseCode, HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { Authorization } from "./authorization.js";
import { ALL, roomChannel, roomOf, userChannel } from "./channel-name.js";
import type { Connection } from "./connection.js";
import type { Core } from "./core.js";
import { withDeadline } from "./deadline.js";
import { LimitError } from "./errors.js";
import { answer } from "./failures.js";
import { Frame } from "./frame.js";
import { canCommit, commitReplay, planReplay, pushReplay, replayBudget } from "./recovery.js";
import type { Replay, ReplayPlan } from "./recovery.js";
import type { Rooms } from "./rooms.js";
import type { ConnectedUser } from "./types.js";

export interface GreetingParts {
  readonly core: Core;
  readonly authorization: Authorization;
  readonly rooms: Rooms;
  readonly shut: (connection: Connection, code: number, reason?: string) => void;
}

/** What a client asks for when it says hello. */
type Wanted = Pick<HelloMessage, "positions" | "rooms"> & { readonly re: string | undefined };

const PLAN_TRIES = 3;

interface Wish {
  readonly channel: string;
  readonly position: { readonly epoch: string; readonly off: number } | undefined;
  /** Why it is not let in: it lost the right to what it missed, or has too many rooms. */
  readonly refused: "forbidden" | "limit_exceeded" | undefined;
}

/** Lets a connection in: asks who it was, subscribes it, replays what it missed, and says welcome, in one step. */
export class Greeting {
  readonly #parts: GreetingParts;
  #terms: string | undefined;

  constructor(parts: GreetingParts) {
    this.#parts = parts;
  }

  /** A plain client hears what happens from now on. */
  async welcomePlain(connection: Connection): Promise<void> {
    await this.#connected(connection);
    await this.#welcome(connection, { positions: [], rooms: [], re: undefined });
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
  async #connected(connection: Connection): Promise<void> {
    const { core } = this.#parts;
    const { onConnect } = core.config;
    connection.isConnected = true;
    if (onConnect === undefined) return;
    try {
      const { ws, identity } = connection;
      const connecting = onConnect({ ws, user: identity.user, session: identity.session });
      await withDeadline(connecting, { clock: core.clock, ms: core.limits.handlerMs });
    } catch (error) {
      core.report(error, { type: "onConnect", ws: connection.ws });
    }
  }

  async #welcome(connection: Connection, hello: Wanted): Promise<void> {
    const { core, rooms } = this.#parts;
    const wishes = await this.#wishes(connection, hello);
    let plans = await this.#plan(wishes.filter(({ refused }) => refused === undefined));
    for (
      let attempt = 0;
      attempt < PLAN_TRIES && !plans.every((plan) => canCommit(core.hub, plan));
      attempt++
    )
      plans = await this.#planAgain(plans);
    if (isClosed(connection)) return;

    // From that check on in one turn: nothing can be published between the position, the replay and the subscription.
    if (!plans.every(({ channel }) => core.hub.holds(channel))) throw new HalyardError("unavailable");
    const budget = replayBudget();
    const replays = new Map<string, Replay>();
    for (const plan of plans) {
      replays.set(plan.channel.name, commitReplay(core.hub, connection, { ...plan, budget }));
      const room = roomOf(plan.channel.name);
      if (room !== undefined) (connection.rooms ??= new Set()).add(room);
    }
    connection.stage = "open";
    core.clock.clearTimeout(connection.timer);
    answer(connection, this.#openWelcome(connection, { wishes, replays }), hello.re);
    for (const [channel, { state, entries }] of replays) {
      if (isGap(state.recovered)) connection.push(new Frame(gapJson(channel, state)));
      pushReplay(connection, channel, entries);
    }
    this.#sendRefused(connection, wishes);
    connection.questions?.flush();
    await this.#showPresence(connection);
    for (const room of connection.rooms ?? []) await rooms.announce(connection, room);
    // Whoever was invited while the welcome was prepared.
    for (const room of connection.invited ?? []) await rooms.joinByServer(connection, room);
  }

  /** The channels that the connection is to read, each asked for again: a resume never skips a check. */
  async #wishes(connection: Connection, hello: Pick<HelloMessage, "positions" | "rooms">): Promise<Wish[]> {
    const { core, authorization } = this.#parts;
    const given = new Set([...(connection.rooms ?? []), ...(connection.invited ?? [])]);
    connection.invited = undefined;
    const rooms = new Set([...given, ...hello.rooms]);
    connection.rooms = undefined;
    const positions = new Map(hello.positions.map(({ ch, epoch, off }) => [ch, { epoch, off }]));
    const asked = [...rooms].map(roomChannel);
    const channels = [ALL, userChannel(connection.userId), ...asked.slice(0, core.limits.rooms)];
    // The client's own order says what matters most to it when not everything can be replayed.
    const order = [...positions.keys()];
    const rank = (channel: string): number =>
      order.includes(channel) ? order.indexOf(channel) : order.length;
    channels.sort((a, b) => rank(a) - rank(b));
    const tooMany = asked
      .slice(core.limits.rooms)
      .map((channel): Wish => ({ channel, position: undefined, refused: "limit_exceeded" }));
    if (tooMany.length > 0) core.security.refused(connection, new LimitError("limit_exceeded", "rooms"));
    const wishes = await Promise.all(
      channels.map(async (channel): Promise<Wish> => {
        const position = positions.get(channel);
        const room = roomOf(channel) ?? ALL;
        const isOwn = channel === userChannel(connection.userId) || given.has(room);
        const mayJoin = isOwn || (await authorization.allows(connection, "join", room));
        const mayRead =
          mayJoin &&
          (isOwn || position === undefined || (await authorization.allows(connection, "history", room)));
        return { channel, position, refused: mayRead ? undefined : "forbidden" };
      }),
    );
    return [...wishes, ...tooMany];
  }

  #plan(wishes: readonly Pick<Wish, "channel" | "position">[]): Promise<ReplayPlan[]> {
    const { hub, backplane } = this.#parts.core;
    return Promise.all(wishes.map((wish) => planReplay(hub, backplane, wish)));
  }

  /** So much has been published since that some of the plans do not reach back any more. */
  #planAgain(plans: readonly ReplayPlan[]): Promise<ReplayPlan[]> {
    return this.#plan(plans.map(({ channel, from }) => ({ channel: channel.name, position: from })));
  }

  /** As {@link answer} takes it. */
  #openWelcome(
    connection: Connection,
    { wishes, replays }: { wishes: readonly Wish[]; replays: ReadonlyMap<string, Replay> },
  ): string {
    const channels: Record<string, ChannelState> = {};
    for (const { channel, position, refused } of wishes) {
      const state = replays.get(channel)?.state;
      if (state !== undefined) channels[channel] = state;
      else if (refused === "forbidden")
        channels[channel] = { epoch: "-", off: 0, ...position, recovered: "forbidden" };
    }
    const { connectedUsers } = this.#parts.core.table;
    const user = toPublicUser(connectedUsers.get(connection.userId), connection);
    const own = JSON.stringify({ type: "welcome", connectionId: connection.id, user });
    this.#terms ??= termsJson(this.#parts.core);
    return `${own.slice(0, -1)},${this.#terms},"channels":${JSON.stringify(channels)}`;
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

  async #showPresence(connection: Connection): Promise<void> {
    const { core, authorization } = this.#parts;
    if ((core.config.builtIns?.presence ?? "all") !== "all") return;
    if (!(await authorization.allows(connection, "presence", ALL)) || isClosed(connection)) return;
    core.presence.show(connection);
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

function isGap(recovered: ChannelState["recovered"]): boolean {
  return recovered !== true && recovered !== "new" && recovered !== "pending";
}

function gapJson(ch: string, { epoch, off, recovered }: ChannelState): string {
  return JSON.stringify({ type: "gap", ch, epoch, off, reason: recovered });
}

function toPublicUser(user: ConnectedUser | undefined, { userId, openedAt }: Connection): PublicUser {
  const connectedAt = (user?.connectedAt ?? new Date(openedAt)).toISOString();
  return { userId, name: userId, ...user, connectedAt };
}
