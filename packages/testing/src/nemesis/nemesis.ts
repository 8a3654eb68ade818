import { createChance } from "./chance.ts";
import type { Chance } from "./chance.ts";

/** Something that can go wrong. */
export interface Fault {
  /** How often it strikes, measured by the others. @default 1 */
  readonly weight?: number | undefined;
  /** After how long it is healed, where it can be: between these, in ms. @default [200, 2_000] */
  readonly lastsMs?: readonly [min: number, max: number] | undefined;
  /**
   * Strikes. The log says what it did, and `heal` makes it good again: called once, after `lastsMs`, or when the
   * nemesis stops.
   *
   * @returns undefined when there was nothing to strike
   */
  strike(chance: Chance): Strike | undefined | Promise<Strike | undefined>;
}

/** What a fault did. */
export interface Strike {
  /** For people who read the log: whom it struck, and how hard. */
  readonly what?: string | undefined;
  readonly heal?: (() => unknown) | undefined;
}

/** One line of a nemesis' log. Plain JSON. */
export interface NemesisEntry {
  /** Counts the strikes, from 1. */
  readonly strike: number;
  readonly fault: string;
  readonly event: "struck" | "missed" | "healed" | "failed";
  /** Since the start, ms. */
  readonly atMs: number;
  readonly what?: string | undefined;
}

export interface NemesisOptions {
  /** The same seed, faults and pauses give the same strikes at the same times. */
  readonly seed: number;
  /** What can go wrong, by name. */
  readonly faults: Readonly<Record<string, Fault>>;
  /** How long it rests between strikes: between these, in ms. @default [100, 1_000] */
  readonly everyMs?: readonly [min: number, max: number] | undefined;
  /** Hears each line of the log when it is written. */
  readonly onEntry?: ((entry: NemesisEntry) => void) | undefined;
  /** @default real time */
  readonly clock?: NemesisClock | undefined;
}

/** As much of a clock as a nemesis needs. `createTestClock()` fits. */
export interface NemesisClock {
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Makes trouble, by a plan that repeats. */
export interface Nemesis {
  /** Everything that it did. */
  readonly log: readonly NemesisEntry[];
  start(): void;
  /**
   * Strikes no more, and heals what is not healed yet.
   *
   * @throws AggregateError with what faults threw
   */
  stop(): Promise<void>;
}

/**
 * Makes a scheduler of faults: it strikes again and again, by chance, and writes down what it did. A run that failed is
 * repeated by its seed.
 *
 * What a fault does never changes what the others do, or when: each strike has a chance of its own.
 *
 * @throws RangeError for no faults, or for times that are no times
 * @example
 * const nemesis = createNemesis({ seed: 7, faults: proxyFaults(proxy) });
 * nemesis.start();
 * await work();
 * await nemesis.stop();
 */
export function createNemesis(options: NemesisOptions): Nemesis {
  return new ChanceNemesis(options);
}

const EVERY_MS = [100, 1_000] as const;
const LASTS_MS = [200, 2_000] as const;

const realClock: NemesisClock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

class ChanceNemesis implements Nemesis {
  readonly log: NemesisEntry[] = [];
  readonly #options: NemesisOptions;
  readonly #clock: NemesisClock;
  readonly #everyMs: readonly [number, number];
  readonly #chance: Chance;
  readonly #healers = new Set<() => Promise<void>>();
  readonly #atWork = new Set<Promise<void>>();
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
    this.#rest();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#clock.clearTimeout(this.#timer);
    // A strike that is under way may bring one more thing to heal.
    await Promise.all(this.#atWork);
    await Promise.all(Array.from(this.#healers, (heal) => heal()));
    await Promise.all(this.#atWork);
    const errors = this.#errors.splice(0);
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} faults failed`);
  }

  #rest(): void {
    if (!this.#isRunning) return;
    const [min, max] = this.#everyMs;
    // By the plan, not by when the last timer happened to ring: a slow machine gets the same strikes.
    this.#dueAt += min + this.#chance.random() * (max - min);
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#track(this.#strike());
        this.#rest();
      },
      Math.max(0, this.#dueAt - this.#clock.now()),
    );
  }

  async #strike(): Promise<void> {
    const strike = ++this.#strikes;
    const [name, fault] = this.#choose();
    const chance = createChance(this.#options.seed * 1_000_003 + strike);
    const [min, max] = fault.lastsMs ?? LASTS_MS;
    const lastsMs = min + chance.random() * (max - min);
    const write = (event: NemesisEntry["event"], what?: string): void =>
      this.#write({ strike, fault: name, event, what });
    try {
      const struck = await fault.strike(chance);
      write(struck ? "struck" : "missed", struck?.what);
      if (struck?.heal) this.#healLater(lastsMs, struck.heal, write);
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
      if (!this.#healers.delete(healOnce)) return;
      this.#clock.clearTimeout(timer);
      try {
        await heal();
        write("healed");
      } catch (error) {
        this.#failed(error, write);
      }
    };
    const timer = this.#clock.setTimeout(() => this.#track(healOnce()), ms);
    this.#healers.add(healOnce);
  }

  #track(work: Promise<void>): void {
    this.#atWork.add(work);
    void work.then(() => this.#atWork.delete(work));
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
    this.#options.onEntry?.(line);
  }
}

function checkRange([min, max]: readonly [number, number], least: number): void {
  if (min >= least && min <= max && max < Infinity) return;
  throw new RangeError(`${min} to ${max} ms is no time between which a nemesis can choose`);
}
