import fc from "fast-check";
import { expect, it } from "vitest";
import { Emitter } from "../common/emitter.ts";
import { Channels } from "./channels.ts";
import type { ClientEvents } from "./client-events.ts";

type Step =
  | { readonly type: "message" | "gap" | "newEpoch" | "reconnect" | "rejoin" }
  | { readonly type: "settle"; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("message" as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("gap" as const, "newEpoch" as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("settle" as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("reconnect" as const, "rejoin" as const) }) },
);

const CH = "room:general";

/** One channel, whose application answers every gap with a promise. `due` are the messages that it must still receive. */
function createTrial() {
  const emitter = new Emitter<ClientEvents>((error) => {
    throw error;
  });
  const channels = new Channels(emitter);
  const received: string[] = [];
  let pending: (() => void)[] = [];
  let [epoch, off] = [1, 0];
  let due: string[] = [];
  emitter.on("message", ({ text }) => received.push(String(text)));
  emitter.on("gap", () => new Promise<void>((resolve) => pending.push(resolve)));
  channels.join(CH, { epoch: "e1", off: 0 });

  const send = (at: number) =>
    channels.receive({ type: "note", text: `e${String(epoch)}.${String(at)}`, $: { ch: CH, off: at } }, 10);
  const gap = () => {
    channels.gap({ type: "gap", ch: CH, epoch: `e${String(epoch)}`, off, reason: "lost" });
    // The application loads all that was before the gap.
    due = [];
  };
  const settle = async (which: number) => {
    pending.splice(which % Math.max(1, pending.length), 1)[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
  };

  const steps: Record<Step["type"], (which: number) => unknown> = {
    message: () => {
      due.push(`e${String(epoch)}.${String(++off)}`);
      send(off);
    },
    gap: () => {
      off += 3;
      gap();
    },
    newEpoch: () => {
      epoch++;
      off = 1;
      gap();
    },
    /** The server replays what is after the client's position. */
    reconnect: () => {
      channels.onDisconnected();
      const [position] = channels.positions;
      channels.resume({ [CH]: { epoch: `e${String(epoch)}`, off, recovered: true } }, ["general"]);
      for (let at = (position?.off ?? 0) + 1; at <= off; at++) send(at);
    },
    rejoin: () => {
      channels.drop(CH);
      due = [];
      pending = [];
      channels.join(CH, { epoch: `e${String(epoch)}`, off });
    },
    settle,
  };
  const run = (next: Step) => steps[next.type]("which" in next ? next.which : 0);
  const finish = async () => {
    while (pending.length > 0) await settle(0);
    steps.message(0);
  };
  return { run, finish, received, due: () => due, pending: () => pending.length };
}

it("a channel delivers what follows its last gap once and in order, when all of its gaps are handled, whatever the order of gaps, messages, reconnects and handlers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const trial = createTrial();
      for (const next of steps) {
        const before = trial.received.length;
        const wasWaiting = trial.pending() > 0;
        await trial.run(next);
        // Nothing is delivered while a gap is handled.
        if (wasWaiting && next.type !== "settle" && next.type !== "rejoin")
          expect(trial.received).toHaveLength(before);
      }
      await trial.finish();
      expect(new Set(trial.received).size).toBe(trial.received.length);
      const due = trial.due();
      expect(trial.received.slice(-due.length)).toEqual(due);
    }),
    { numRuns: 500 },
  );
});
