// Asks `authorize` again about everything that an open connection holds, when its rights have changed.
// Called by Memberships when the identity of a connection was replaced or the application changed its rights.
// Guarantees: a channel is withheld while `authorize` is asked about it; when granted again, it continues at its position, without
// a hole or with a gap; at most 16 questions of one connection run at once; an answer counts only for the newest rights. A
// channel that cannot be read because the backplane is away stays withheld until it is back, and the connection stays open.
import { isPromise } from "@halyard/protocol/internal";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import { GLOBAL_CHANNEL, roomChannel } from "../channels/channel-name.ts";
import type { PresenceHub } from "../presence/presence-hub.ts";
import {
  canCommit,
  commitReplay,
  gapFrame,
  isGap,
  planReplay,
  pushReplays,
  replayBudget,
} from "../channels/replay.ts";
import type { ReplayBudget } from "../channels/replay.ts";
import type { Connection } from "../connection/connection.ts";
import type { Authorization } from "../messages/authorization.ts";
import type { Rooms } from "../messages/rooms.ts";
import type { BuiltIns } from "../types.ts";
import { HalyardError } from "@halyard/protocol/wire";
import { isUnavailable } from "../utils/errors.ts";

/** The dependencies of {@link RightsReview}. */
export interface RightsReviewParts {
  readonly authorization: Authorization;
  readonly builtIns: BuiltIns | undefined;
  readonly channels: ChannelHub;
  readonly monitor: Pick<BackplaneMonitor, "onReturn" | "suspect">;
  readonly presence: PresenceHub;
  readonly rooms: Rooms;
}

/** A right that `authorize` is asked about; without a room, the right to `all` or to the list of all users. */
interface Question {
  readonly action: "join" | "presence";
  readonly room: string | undefined;
}

interface Review {
  running: number;
  questions: Question[];
  readonly budget: ReplayBudget;
  /** The rooms (undefined: the channel `all`) that were granted but could not be read. */
  readonly unread: Set<string | undefined>;
}

const MAX_RUNNING = 16;
const MAX_PLAN_ATTEMPTS = 3;
const WITHHELD_MESSAGES = 1_000;
const WITHHELD_BYTES = 1024 * 1024;

/** Reviews the rights of connections. */
export class RightsReview {
  readonly #parts: RightsReviewParts;
  readonly #reviews = new WeakMap<Connection, Review>();
  /** The connections whose review has unread channels. */
  readonly #waiting = new Set<Connection>();

  constructor(parts: RightsReviewParts) {
    this.#parts = parts;
    parts.monitor.onReturn(() => this.#readAgain());
  }

  /** Asks about everything that the connection holds. A review that is running starts again. */
  begin(connection: Connection): void {
    if (connection.stage !== "open") return;
    const running = this.#reviews.get(connection)?.running ?? 0;
    const budget = { messages: WITHHELD_MESSAGES, bytes: WITHHELD_BYTES };
    const all = this.#questionsFor(connection);
    const questions = all.filter(({ room }) => !isGiven(connection, room));
    const review: Review = { running, questions, budget, unread: new Set() };
    this.#reviews.set(connection, review);
    // The answer is yes, also for one that an earlier review still waits for, because the server gave the room only then.
    for (const question of all)
      if (isGiven(connection, question.room)) this.#settle(connection, question, true);
    this.#askNext(connection, review);
    for (const question of review.questions) this.#withhold(connection, question);
  }

  /** Call when the connection has closed. */
  forget(connection: Connection): void {
    this.#waiting.delete(connection);
  }

  /** What the connection holds, channels first, so that lost ones end early. `authorize` is not asked about rooms that the server gave. */
  #questionsFor(connection: Connection): Question[] {
    const presence = this.#parts.builtIns?.presence ?? "all";
    const rooms = [...(connection.rooms ?? [])];
    const questions: Question[] = [undefined, ...rooms].map((room) => ({ action: "join", room }));
    if (presence === "all") questions.push({ action: "presence", room: undefined });
    if (presence !== false) for (const room of rooms) questions.push({ action: "presence", room });
    return questions;
  }

  #askNext(connection: Connection, review: Review): void {
    while (review.running < MAX_RUNNING && this.#isCurrent(connection, review)) {
      const question = review.questions.shift();
      if (question === undefined) return;
      if (!isHeld(connection, question)) continue;
      const { action, room = GLOBAL_CHANNEL } = question;
      const answer = this.#parts.authorization.ask(connection, action, room);
      if (isPromise(answer)) void this.#await({ connection, review, question, answer });
      else if (this.#isCurrent(connection, review)) this.#settle(connection, question, answer);
    }
  }

  async #await({
    connection,
    review,
    question,
    answer,
  }: {
    readonly connection: Connection;
    readonly review: Review;
    readonly question: Question;
    readonly answer: Promise<boolean>;
  }): Promise<void> {
    this.#withhold(connection, question);
    review.running++;
    const isAllowed = await answer;
    // A newer review also counts the questions of this one, because they are still running.
    const current = this.#reviews.get(connection) ?? review;
    current.running--;
    if (current === review && isHeld(connection, question)) this.#settle(connection, question, isAllowed);
    this.#askNext(connection, current);
  }

  #isCurrent(connection: Connection, review: Review): boolean {
    return this.#reviews.get(connection) === review;
  }

  #withhold(connection: Connection, { action, room }: Question): void {
    const { channels, presence } = this.#parts;
    if (action === "presence") {
      presence.unsubscribe(connection, room);
      return;
    }
    const name = channelOf(room);
    const position = channels.withdraw(name, connection);
    if (position !== undefined) (connection.withheld ??= new Map()).set(name, position);
  }

  #settle(connection: Connection, { action, room }: Question, answer: boolean): void {
    const { presence, rooms } = this.#parts;
    // The server may have given the room meanwhile.
    const isAllowed = answer || isGiven(connection, room);
    if (action === "presence") {
      if (!isAllowed) presence.unsubscribe(connection, room);
      else if (!presence.isSubscribed(connection, room)) presence.subscribe(connection, room);
    } else if (!isAllowed) {
      if (room === undefined) this.#stopGlobal(connection);
      else rooms.removeMember(connection, room);
    } else {
      if (room !== undefined) rooms.updateProfile(connection, room);
      void this.#restore(connection, room);
    }
  }

  /** Ends the subscription to `all`, which a client cannot leave: a v1 client gets a `gap` with the position at which its right ended. */
  #stopGlobal(connection: Connection): void {
    const position =
      this.#parts.channels.withdraw(GLOBAL_CHANNEL, connection) ?? connection.withheld?.get(GLOBAL_CHANNEL);
    connection.withheld?.delete(GLOBAL_CHANNEL);
    if (position !== undefined && connection.isV1)
      connection.push(gapFrame(GLOBAL_CHANNEL, { ...position, recovered: "forbidden" }));
  }

  /** Continues with a channel that was withheld, or begins one to which the connection had no right before. */
  async #restore(connection: Connection, room: string | undefined): Promise<void> {
    const name = channelOf(room);
    // WelcomeFinisher takes care of channels that the welcome left open.
    const isUnfinished = connection.unfinished?.channels.has(name) === true;
    if (isUnfinished || this.#parts.channels.has(name, connection)) return;
    const review = this.#reviews.get(connection);
    try {
      await this.#replay(connection, name);
    } catch (error) {
      if (review === undefined || !this.#isCurrent(connection, review) || connection.stage !== "open") return;
      if (isUnavailable(error)) {
        review.unread.add(room);
        this.#waiting.add(connection);
        this.#parts.monitor.suspect();
      } else connection.close(1013);
    }
  }

  async #readAgain(): Promise<void> {
    const work = [...this.#waiting].values();
    this.#waiting.clear();
    const workers = Array.from({ length: MAX_RUNNING }, async () => {
      for (const connection of work) await this.#readUnread(connection);
    });
    await Promise.all(workers);
  }

  async #readUnread(connection: Connection): Promise<void> {
    const review = this.#reviews.get(connection);
    if (review === undefined) return;
    const rooms = [...review.unread];
    review.unread.clear();
    for (const room of rooms)
      if (this.#isCurrent(connection, review) && isHeld(connection, { room }))
        await this.#restore(connection, room);
  }

  async #replay(connection: Connection, name: string): Promise<void> {
    const { channels } = this.#parts;
    const review = this.#reviews.get(connection);
    const position = connection.withheld?.get(name);
    const budget = review?.budget ?? replayBudget();
    for (let attempt = 0; ; attempt++) {
      const plan = await planReplay(channels, {
        channel: name,
        position,
        budget: { ...budget },
      });
      const isDue =
        review !== undefined && this.#isCurrent(connection, review) && connection.stage === "open";
      if (!isDue || connection.withheld?.get(name) !== position || channels.has(name, connection)) return;
      if (canCommit(channels, plan)) {
        connection.withheld?.delete(name);
        const replay = commitReplay(channels, connection, { plan, budget });
        const { state } = replay;
        // Without a position the connection had no right, so nothing from that time is delivered.
        const gap = position === undefined ? ({ ...state, recovered: "forbidden" } as const) : state;
        if (isGap(gap.recovered) && connection.isV1) connection.push(gapFrame(name, gap));
        pushReplays(connection, [replay]);
        return;
      }
      if (attempt === MAX_PLAN_ATTEMPTS) throw new HalyardError("unavailable");
    }
  }
}

function channelOf(room: string | undefined): string {
  return room === undefined ? GLOBAL_CHANNEL : roomChannel(room);
}

function isGiven({ givenRooms }: Connection, room: string | undefined): boolean {
  return room !== undefined && givenRooms?.has(room) === true;
}

/** Whether the question is still relevant: the connection may have closed or left the room. */
function isHeld(connection: Connection, { room }: Pick<Question, "room">): boolean {
  return connection.stage === "open" && (room === undefined || connection.rooms?.has(room) === true);
}
