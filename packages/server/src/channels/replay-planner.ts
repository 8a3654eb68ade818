// Plans the replays of whole resumes: one after the other for each user, and spread over turns of the event loop.
// The welcome uses it for all channels of a connection.
// Guarantees: a channel that the backplane does not give has no plan, and keeps no other one waiting; no more is read, and no more frames are made, than one resume may replay; a turn plans no more than about one
// full resume, however many resume at once; one user's resumes do not keep those of others waiting.

import type { Position } from "@halyard/protocol";
import type { Connection } from "../connection/connection.ts";
import { isClosed } from "../connection/is-closed.ts";
import type { Clock } from "../types.ts";
import { KeyedSerialQueue } from "../utils/keyed-serial-queue.ts";
import { isUnavailable } from "../utils/errors.ts";
import { andThen, recover, whenAll } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { WorkTurns } from "../utils/work-turns.ts";
import type { ChannelHub } from "./channel-hub.ts";
import { canCommit, planReplay, replayBudget } from "./replay.ts";
import type { ReplayBudget, ReplayPlan } from "./replay.ts";

/** What {@link ReplayPlanner} uses. */
export interface ReplayPlannerParts {
  readonly channels: ChannelHub;
  readonly clock: Clock;
}

interface Requested {
  readonly channel: string;
  readonly position: Position | undefined;
}

type Commit = (plans: readonly ReplayPlan[]) => void;

const MAX_ATTEMPTS = 3;
/** How many channels are opened side by side. */
const CHUNK = 16;
/** The work of a channel beside its messages, in messages: it is opened and described in the welcome. */
const CHANNEL_WORK = 4;
/** How many bytes are as much work as a message. */
const BYTES_PER_WORK = 1_024;
/** What a turn plans: as much as one resume that replays 1,000 short messages, about 3 ms. */
const WORK_PER_TURN = 1_000;

/** Plans resumes. */
export class ReplayPlanner {
  readonly #parts: ReplayPlannerParts;
  /** The resumes of each user: as many as may have connections. */
  readonly #resumes = new KeyedSerialQueue(Infinity);
  readonly #turns: WorkTurns;

  constructor(parts: ReplayPlannerParts) {
    this.#parts = parts;
    this.#turns = new WorkTurns(parts.clock, WORK_PER_TURN);
  }

  /**
   * Plans all channels of a connection.
   *
   * @param commit takes the plans, in the turn in which they were found to be valid: nothing is published in between; not
   * called for a connection that has closed. A channel without a plan is missing, because the backplane did not answer
   */
  run(connection: Connection, requests: readonly Requested[], commit: Commit): MaybePromise<void> {
    const plan = (): Promise<void> => this.#plan(connection, requests, commit);
    if (requests.some(({ position }) => position !== undefined))
      return this.#resumes.run(connection.userId, plan);
    if (requests.length > CHUNK) return plan();
    // A connection without rooms and positions, which most are at first, is welcomed in the turn in which it opens.
    const { channels } = this.#parts;
    const planned = whenAll(requests.map((request) => ifThere(() => planReplay(channels, request))));
    return andThen(planned, (found) => {
      const plans = found.filter(isPlan);
      if (!this.#areValid(plans)) return plan();
      if (!isClosed(connection)) commit(plans);
      return undefined;
    });
  }

  async #plan(connection: Connection, requests: readonly Requested[], commit: Commit): Promise<void> {
    const { channels } = this.#parts;
    const budget = replayBudget();
    const plans: ReplayPlan[] = [];
    for (let first = 0; first < requests.length; first += CHUNK) {
      const chunk = requests.slice(first, first + CHUNK);
      const estimate = CHUNK * CHANNEL_WORK;
      const turn = await this.#turns.begin(estimate);
      this.#turns.end(turn, { estimate, spent: chunk.length * CHANNEL_WORK });
      // It may have closed while it waited, and reads nothing then.
      if (isClosed(connection)) return;
      await whenAll(chunk.map(({ channel }) => ifThere(() => channels.whenSynced(channel))));
      for (const request of chunk) {
        const plan = await ifThere(() => this.#planOne(request, budget));
        if (plan !== undefined) plans.push(plan);
      }
    }
    await this.#commit(connection, plans, { budget, commit });
  }

  /** Commits in a turn whose allowance covers the frames of the replays. */
  async #commit(
    connection: Connection,
    plans: ReplayPlan[],
    { budget, commit }: { readonly budget: ReplayBudget; readonly commit: Commit },
  ): Promise<void> {
    // While plans are made and wait, so much may be published that one no longer reaches back: it is made again.
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const estimate = plans.reduce((sum, { cost }) => sum + workOf(cost) + CHANNEL_WORK, 0);
      const turn = await this.#turns.begin(estimate);
      this.#turns.end(turn, { estimate, spent: estimate });
      if (isClosed(connection) || this.#areValid(plans)) break;
      await this.#renew(plans, budget);
    }
    if (!isClosed(connection)) commit(plans);
  }

  async #planOne({ channel, position }: Requested, budget: ReplayBudget): Promise<ReplayPlan> {
    const { channels } = this.#parts;
    if (position === undefined) return planReplay(channels, { channel, position });
    const estimate = workOf(budget);
    const turn = await this.#turns.begin(estimate);
    let spent = 0;
    try {
      const plan = await planReplay(channels, { channel, position, budget });
      spent = workOf(plan.cost);
      return plan;
    } finally {
      this.#turns.end(turn, { estimate, spent });
    }
  }

  #areValid(plans: readonly ReplayPlan[]): boolean {
    return plans.every((plan) => canCommit(this.#parts.channels, plan));
  }

  /** Makes the plans again that are no longer valid. */
  async #renew(plans: ReplayPlan[], budget: ReplayBudget): Promise<void> {
    for (const plan of plans.splice(0)) {
      if (canCommit(this.#parts.channels, plan)) {
        plans.push(plan);
        continue;
      }
      budget.messages += plan.cost.messages;
      budget.bytes += plan.cost.bytes;
      const request = { channel: plan.channel.name, position: plan.from };
      const renewed = await ifThere(() => this.#planOne(request, budget));
      if (renewed !== undefined) plans.push(renewed);
    }
  }
}

/** What needs the backplane, or undefined where that does not answer. */
function ifThere<TValue>(task: () => MaybePromise<TValue>): MaybePromise<TValue | undefined> {
  return recover<TValue | undefined>(task, (error) => {
    if (!isUnavailable(error)) throw error;
    return undefined;
  });
}

function isPlan(plan: ReplayPlan | undefined): plan is ReplayPlan {
  return plan !== undefined;
}

function workOf({ messages, bytes }: ReplayBudget): number {
  return messages + bytes / BYTES_PER_WORK;
}
