// Observes one trouble of one pane, from its beginning until every line that was written meanwhile has arrived.
// The verdict follows from the checker, the state of the connection, and the lines.
import type { Guest } from "../../../shared/visit.ts";
import type { DeliveryChecker, Progress, Recovery, Score } from "./delivery-checker.ts";
import type { Verdict } from "./verdict.ts";

interface Running {
  title: string;
  isCaused: boolean;
  /** Whether the button still causes the trouble. */
  isHeld: boolean;
  readonly before: Score;
  readonly doubledFramesBefore: number;
  readonly written: number[];
  awayMs: number;
  connections: number;
  replayed: number;
  loaded: number;
  /** The lines that must arrive; undefined until the trouble is over and both panes are connected. */
  upTo: Progress | undefined;
  givesUpAt: number;
}

export interface TrialOptions {
  readonly guest: Guest;
  readonly checker: DeliveryChecker;
  /** Whether both panes are connected, so that lines must arrive. */
  readonly areBothUp: () => boolean;
  readonly doubledFrames: () => number;
  readonly now: () => number;
  readonly onVerdict: (verdict: Omit<Verdict, "id" | "afterId">) => void;
}

/** The time within which lines must arrive after both panes are connected. */
const ARRIVAL_MS = 8_000;

export class Trial {
  readonly #options: TrialOptions;
  #running: Running | undefined;
  #downSince: number | undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** The title of the running trouble; undefined between two troubles. */
  get title(): string | undefined {
    return this.#running?.title;
  }

  /** Begins a trouble, which lasts until {@link release}. */
  begin(title: string): void {
    const running = this.#start(title);
    running.title = title;
    running.isCaused = running.isHeld = true;
    running.upTo = undefined;
  }

  /** Ends the cause of the trouble. The client must recover from here on. */
  release(): void {
    if (this.#running) this.#running.isHeld = false;
    this.check();
  }

  /** Drops a trouble that its button could not cause, without a verdict. */
  cancel(): void {
    this.#running = undefined;
  }

  /** Called when the connection is lost, with or without a trouble. */
  onDown(): void {
    const running = this.#start("The connection was lost");
    running.upTo = undefined;
    this.#downSince ??= this.#options.now();
  }

  onUp(): void {
    if (this.#running && this.#downSince !== undefined) {
      this.#running.awayMs += this.#options.now() - this.#downSince;
      this.#running.connections++;
    }
    this.#downSince = undefined;
    this.check();
  }

  onWritten(number: number): void {
    this.#running?.written.push(number);
  }

  /** Called when a missed line of the other guest has arrived. */
  onRecovered(how: Recovery): void {
    if (this.#running) this.#running[how]++;
  }

  /** Finishes the trial if all lines have arrived or are late. Called after each event, and at intervals. */
  check(): void {
    const { checker, areBothUp, now } = this.#options;
    const running = this.#running;
    if (!running || running.isHeld || this.#downSince !== undefined) return;
    if (!areBothUp()) running.upTo = undefined;
    else if (running.upTo === undefined) {
      running.upTo = checker.progress();
      running.givesUpAt = now() + ARRIVAL_MS;
    }
    if (running.upTo === undefined) return;
    const isLate = now() >= running.givesUpAt;
    if (isLate) checker.giveUp(running.upTo);
    if (isLate || checker.hasEverything(running.upTo)) this.#finish(running);
  }

  #start(title: string): Running {
    const { checker, doubledFrames } = this.#options;
    this.#running ??= {
      title,
      isCaused: false,
      isHeld: false,
      before: checker.score(),
      doubledFramesBefore: doubledFrames(),
      written: [],
      awayMs: 0,
      connections: 0,
      replayed: 0,
      loaded: 0,
      upTo: undefined,
      givesUpAt: 0,
    };
    return this.#running;
  }

  #finish(running: Running): void {
    const { guest, checker, doubledFrames, onVerdict } = this.#options;
    const { title, isCaused, before, written, awayMs, connections, replayed, loaded } = running;
    this.#running = undefined;
    const after = checker.score();
    onVerdict({
      title,
      isCaused,
      awayMs,
      connections,
      written: written.length,
      sentOnce: checker.countDeliveredOnce(guest, written),
      replayed,
      loaded,
      doubledFrames: doubledFrames() - running.doubledFramesBefore,
      lost: Math.max(0, after.lost - before.lost),
      doubled: after.doubled - before.doubled,
    });
  }
}
