import fc from "fast-check";
import { expect, it } from "vitest";
import { Emitter } from "../common/emitter.ts";
import { Channels } from "./channels.ts";
import type { ClientEvents } from "./client-events.ts";

const NAMES = ["all", "room:general", "room:random"] as const;
type Name = (typeof NAMES)[number];

type Step =
  | { readonly type: "message" | "gap" | "newEpoch" | "leave" | "rejoin"; readonly ch: Name }
  | { readonly type: "settle"; readonly ch: Name; readonly which: number }
  | { readonly type: "reconnect"; readonly ch: Name; readonly without: readonly Name[] };

const ch = fc.constantFrom(...NAMES);
const room = fc.constantFrom(...NAMES.slice(1));
const named = <TType extends Step["type"]>(...types: readonly TType[]) =>
  fc.record({ type: fc.constantFrom(...types), ch });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: named("message") },
  { weight: 3, arbitrary: named("gap", "newEpoch") },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("settle" as const), ch, which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("leave", "rejoin"), ch: room }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("reconnect" as const),
      ch,
      // The rooms that the server gave to this client are not named again.
      without: fc.subarray(NAMES.slice(1)),
    }),
  },
);

/** What the server has sent on one channel, and what the application got of it. `due` is what it must still receive. */
class Trial {
  readonly received: string[] = [];
  epoch = 1;
  off = 0;
  due: string[] = [];
  pending: (() => void)[] = [];
  isIn = true;

  get position() {
    return { epoch: `e${String(this.epoch)}`, off: this.off };
  }
}

/** Channels whose application answers every gap with a promise. */
class Trials {
  readonly of: Readonly<Record<Name, Trial>> = {
    all: new Trial(),
    "room:general": new Trial(),
    "room:random": new Trial(),
  };
  readonly #channels: Channels;

  constructor() {
    const emitter = new Emitter<ClientEvents>((error) => {
      throw error;
    });
    emitter.on("message", ({ text }, _, name) => this.of[name as Name].received.push(String(text)));
    emitter.on("gap", (name) => new Promise<void>((resolve) => this.of[name as Name].pending.push(resolve)));
    this.#channels = new Channels(emitter);
    for (const name of NAMES) this.#channels.join(name, this.of[name].position);
  }

  async take(next: Step): Promise<void> {
    const { ch: name } = next;
    const trial = this.of[name];
    if (next.type === "settle") {
      trial.pending.splice(next.which % Math.max(1, trial.pending.length), 1)[0]?.();
      await new Promise((resolve) => setImmediate(resolve));
    } else if (next.type === "reconnect") this.#reconnect(next.without);
    else if (next.type === "leave") this.#leave(name);
    else if (next.type === "rejoin") {
      this.#leave(name);
      trial.isIn = true;
      this.#channels.join(name, trial.position);
    } else if (next.type === "message") this.#message(name);
    else if (next.type === "gap") this.#gap(name, trial.epoch, trial.off + 3);
    else this.#gap(name, trial.epoch + 1, 1);
  }

  #send(name: Name, at: number): void {
    const text = `e${String(this.of[name].epoch)}.${String(at)}`;
    this.#channels.receive({ type: "note", text, $: { ch: name, off: at } }, 10);
  }

  #message(name: Name): void {
    const trial = this.of[name];
    trial.off++;
    if (!trial.isIn) return;
    trial.due.push(`e${String(trial.epoch)}.${String(trial.off)}`);
    this.#send(name, trial.off);
  }

  #gap(name: Name, epoch: number, off: number): void {
    const trial = this.of[name];
    Object.assign(trial, { epoch, off });
    if (!trial.isIn) return;
    // The application loads all that was before the gap.
    trial.due = [];
    this.#channels.gap({ type: "gap", ch: name, ...trial.position, reason: "lost" });
  }

  #leave(name: Name): void {
    const trial = this.of[name];
    this.#channels.drop(name);
    Object.assign(trial, { isIn: false, due: [], pending: [] });
  }

  /** The server replays what is after the client's positions. */
  #reconnect(without: readonly Name[]): void {
    this.#channels.onDisconnected();
    for (const name of without) if (this.of[name].isIn) this.#leave(name);
    const resumed = NAMES.filter((name) => this.of[name].isIn);
    const positions = new Map(this.#channels.positions.map(({ ch: name, off }) => [name, off]));
    const states = resumed.map((name) => [name, { ...this.of[name].position, recovered: true as const }]);
    this.#channels.resume(Object.fromEntries(states) as never);
    for (const name of resumed)
      for (let at = (positions.get(name) ?? 0) + 1; at <= this.of[name].off; at++) this.#send(name, at);
  }
}

it("each channel delivers what follows its last gap once and in order, when all of its gaps are handled, whatever the order of gaps, messages, leaves, joins, reconnects and handlers of several channels", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const trials = new Trials();
      for (const next of steps) {
        const before = NAMES.map((name) => trials.of[name].received.length);
        const wasWaiting = NAMES.map((name) => trials.of[name].pending.length > 0);
        await trials.take(next);
        // Nothing of a channel is delivered while a gap of it is handled, whatever happens in the others.
        for (const [index, name] of NAMES.entries()) {
          const mayDeliver = ["settle", "leave", "rejoin"].includes(next.type) && next.ch === name;
          if (wasWaiting[index] === true && !mayDeliver && trials.of[name].isIn)
            expect(trials.of[name].received).toHaveLength(before[index] ?? 0);
        }
      }
      for (const name of NAMES) {
        const trial = trials.of[name];
        while (trial.pending.length > 0) await trials.take({ type: "settle", ch: name, which: 0 });
        if (!trial.isIn) await trials.take({ type: "rejoin", ch: name });
        await trials.take({ type: "message", ch: name });
        expect(new Set(trial.received).size).toBe(trial.received.length);
        expect(trial.received.slice(-trial.due.length)).toEqual(trial.due);
      }
    }),
    { numRuns: 300 },
  );
}, 60_000);
