// A scheduler of faults, after Jepsen's nemesis: strikes at random times with random faults, and heals them.
// Started by delivery tests and by the soak and storm suites, mostly with the faults of a proxy.
// Guarantee: the same seed, faults and times give the same strikes, and `stop` heals every one of them.
import { realClock } from "../clock/real-clock.ts";
import type { TimerClock } from "../clock/real-clock.ts";
import { seedOf } from "../utils/random.ts";
import { createChance } from "./chance.ts";
import type { Chance } from "./chance.ts";

/** A fault that a nemesis can cause. */
export interface Fault {
  /** How often the fault strikes, relative to the weights of the others; 0 for never. @default 1 */
  readonly weight?: number | undefined;
  /** How long a strike lasts before it is healed, in ms: a random time between the two. @default [200, 2_000] */
  readonly lastsMs?: readonly [min: number, max: number] | undefined;
  /**
   * Causes the fault once. `heal` of its result is called once, after `lastsMs` or when the nemesis stops.
   *
   * @returns undefined when there was nothing to strike
   */
  strike(chance: Chance): Strike | undefined | Promise<Strike | undefined>;
}

/** One occurrence of a fault; the word is Jepsen's, whose nemesis strikes. */
export interface Strike {
  /** A description for the log: the target, and the size of the fault. */
  readonly what?: string | undefined;
  /** Undoes the fault. */
  readonly heal?: (() => unknown) | undefined;
}

/** One line of the log of a nemesis. Plain JSON. */
export interface NemesisEntry {
  /** The number of the strike, from 1. */
  readonly strike: number;
  /** The name of the fault. */
  readonly fault: string;
  /** `missed`: there was nothing to strike. `failed`: the strike or its healing threw. */
  readonly event: "struck" | "missed" | "healed" | "failed";
  /** Milliseconds since the start. */
  readonly atMs: number;
  /** The description of the strike, or the text of the error. */
  readonly what?: string | undefined;
}

/** The options of {@link createNemesis}. */
export interface NemesisOptions {
  /** Any integer. The same seed, faults and times give the same strikes at the same times. */
  readonly seed: number;
  /** The faults, by name; at least one has a weight over 0. */
  readonly faults: Readonly<Record<string, Fault>>;
  /** The time between two strikes, in ms: a random time between the two. @default [100, 1_000] */
  readonly everyMs?: readonly [min: number, max: number] | undefined;
  /** Called with each line of the log when it is written. @default undefined */
  readonly onEntry?: ((entry: NemesisEntry) => void) | undefined;
  /** The clock of the strikes and of their healing. @default real time */
  readonly clock?: NemesisClock | undefined;
}

/** The part of a clock that a nemesis needs. `createTestClock()` fits. */
export type NemesisClock = TimerClock;

/** A running scheduler of faults. */
export interface Nemesis {
  /** Every strike, and its healing. */
  readonly log: readonly NemesisEntry[];
  /** Begins to strike. */
  start(): void;
  /**
   * Ends the strikes, and heals those that are not healed yet.
   *
   * @throws AggregateError with the errors that faults and `onEntry` threw
   */
  stop(): Promise<void>;
}

/**
 * Creates a nemesis, as Jepsen calls it: a scheduler that strikes with random faults at random times and logs each strike.
 * A failed run can be repeated with its seed.
 *
 * Each strike has its own random numbers, so one fault never changes the decisions or the times of another.
 *
 * @throws RangeError without a fault that can strike, and for invalid times
 * @example
 * const nemesis = createNemesis({ seed: 7, faults: proxyFaults(proxy) });
 * nemesis.start();
 * await work();
 * await nemesis.stop();
 */
export function createNemesis(options: NemesisOptions): Nemesis {
  return new RandomNemesis(options);
}

const EVERY_MS = [100, 1_000] as const;
const LASTS_MS = [200, 2_000] as const;

class RandomNemesis implements Nemesis {
  readonly log: NemesisEntry[] = [];
  readonly #options: NemesisOptions;
  readonly #clock: NemesisClock;
  readonly #everyMs: readonly [number, number];
  readonly #chance: Chance;
  readonly #healTimers = new Set<() => Promise<void>>();
  readonly #pending = new Set<Promise<void>>();
  readonly #errors: unknown[] = [];
  #startedAt = 0;
  #dueAt = 0;
  #strikes = 0;
  #isRunning = false;
  #timer: unknown;

  constructor(options: NemesisOptions) {
    const { seed, faults, everyMs = EVERY_MS, clock = realClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#chance = createChance(seed);
    const total = Object.values(faults).reduce((sum, { weight = 1 }) => sum + weight, 0);
    if (!(total > 0)) throw new RangeError("A nemesis needs a fault with a weight over 0");
    checkRange(everyMs, 1);
    for (const { lastsMs = LASTS_MS } of Object.values(faults)) checkRange(lastsMs, 0);
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#startedAt = this.#dueAt = this.#clock.now();
    this.#scheduleStrike();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#clock.clearTimeout(this.#timer);
    // A strike that has not returned yet may still add something to heal.
    await Promise.all(this.#pending);
    await Promise.all(Array.from(this.#healTimers, (heal) => heal()));
    await Promise.all(this.#pending);
    const errors = this.#errors.splice(0);
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} faults failed`);
  }

  #scheduleStrike(): void {
    if (!this.#isRunning) return;
    const [min, max] = this.#everyMs;
    // Computed from the planned time, not from when the last timer ran, so that a slow machine gets the same strikes.
    this.#dueAt += min + this.#chance.random() * (max - min);
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#track(this.#strike());
        this.#scheduleStrike();
      },
      Math.max(0, this.#dueAt - this.#clock.now()),
    );
  }

  async #strike(): Promise<void> {
    const strike = ++this.#strikes;
    const [name, fault] = this.#choose();
    const chance = createChance(seedOf(this.#options.seed, strike));
    const [min, max] = fault.lastsMs ?? LASTS_MS;
    const lastsMs = min + chance.random() * (max - min);
    const write = (event: NemesisEntry["event"], what?: string): void =>
      this.#write({ strike, fault: name, event, what });
    try {
      const result = await fault.strike(chance);
      write(result ? "struck" : "missed", result?.what);
      if (result?.heal) this.#healLater(lastsMs, result.heal, write);
    } catch (error) {
      this.#failed(error, write);
    }
  }

  #choose(): [string, Fault] {
    const faults = Object.entries(this.#options.faults);
    const total = faults.reduce((sum, [, { weight = 1 }]) => sum + weight, 0);
    let left = this.#chance.random() * total;
    const chosen = faults.find(([, { weight = 1 }]) => (left -= weight) < 0) ?? faults[0];
    if (!chosen) throw new RangeError("There is no fault");
    return chosen;
  }

  #healLater(
    ms: number,
    heal: () => unknown,
    write: (event: NemesisEntry["event"], what?: string) => void,
  ): void {
    const healOnce = async (): Promise<void> => {
      if (!this.#healTimers.delete(healOnce)) return;
      this.#clock.clearTimeout(timer);
      try {
        await heal();
        write("healed");
      } catch (error) {
        this.#failed(error, write);
      }
    };
    const timer = this.#clock.setTimeout(() => this.#track(healOnce()), ms);
    this.#healTimers.add(healOnce);
  }

  #track(work: Promise<void>): void {
    this.#pending.add(work);
    void work.then(() => this.#pending.delete(work));
  }

  #failed(error: unknown, write: (event: "failed", what: string) => void): void {
    this.#errors.push(error);
    write("failed", String(error));
  }

  #write(entry: Omit<NemesisEntry, "atMs">): void {
    const atMs = Math.round(this.#clock.now() - this.#startedAt);
    const { strike, fault, event, what } = entry;
    const line: NemesisEntry = { strike, fault, event, atMs, ...(what === undefined ? {} : { what }) };
    this.log.push(line);
    // An error of the application's log must not keep a strike from being healed.
    try {
      this.#options.onEntry?.(line);
    } catch (error) {
      this.#errors.push(error);
    }
  }
}

function checkRange([min, max]: readonly [number, number], minimum: number): void {
  if (min >= minimum && min <= max && max < Infinity) return;
  throw new RangeError(`${min} to ${max} ms is no time between which a nemesis can choose`);
}
