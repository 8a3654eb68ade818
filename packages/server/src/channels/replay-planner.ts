// Plans the replays of complete resumes: one resume of a user at a time, spread over turns of the event loop.
// The welcome uses it for all channels of a connection.
// Guarantees: a channel that the backplane cannot read gets no plan and delays no other channel; no more messages are
// read and encoded than one resume may replay; a turn plans no more than about one full resume, however many clients
// resume at once; the resumes of one user do not delay those of others.

import type { ResumePosition } from "@halyard/protocol/internal";
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

/** The dependencies of {@link ReplayPlanner}. */
export interface ReplayPlannerParts {
  readonly channels: ChannelHub;
  readonly clock: Clock;
}

interface Requested {
  readonly channel: string;
  readonly position: ResumePosition | undefined;
}

type Commit = (plans: readonly ReplayPlan[]) => void;

const MAX_ATTEMPTS = 3;
/** How many channels are opened in parallel. */
const CHUNK = 16;
/** The work of opening a channel and describing it in the welcome, in messages. */
const CHANNEL_WORK = 4;
/** How many bytes count as much work as one message. */
const BYTES_PER_WORK = 1_024;
/** The work that one turn may plan: a resume that replays 1,000 short messages, about 3 ms. */
const WORK_PER_TURN = 1_000;

/** Plans the replays of resumes. */
export class ReplayPlanner {
  readonly #parts: ReplayPlannerParts;
  /** The queued resumes of each user: unbounded here, because the connections of a user are bounded. */
  readonly #resumes = new KeyedSerialQueue(Infinity);
  readonly #turns: WorkTurns;

  constructor(parts: ReplayPlannerParts) {
    this.#parts = parts;
    this.#turns = new WorkTurns(parts.clock, WORK_PER_TURN);
  }

  /**
   * Plans all channels of a connection.
   *
   * @param commit takes the plans in the turn in which they were found to be valid, so that nothing is published in between; not
   * called for a connection that has closed. A channel has no plan when the backplane did not answer
   */
  run(connection: Connection, requests: readonly Requested[], commit: Commit): MaybePromise<void> {
    const plan = (): Promise<void> => this.#plan(connection, requests, commit);
    if (requests.some(({ position }) => position !== undefined))
      return this.#resumes.run(connection.userId, plan);
    if (requests.length > CHUNK) return plan();
    // A connection without rooms and positions, like most new ones, is welcomed in the turn in which it opens.
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
      // The connection may have closed while it waited.
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
    // While plans wait, so much may be published that a plan no longer reaches the newest frames: it is made again.
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

/** The result of a task that needs the backplane; undefined when the backplane does not answer. */
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
