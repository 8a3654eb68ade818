import { TokenBucket } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import { ok } from "node:assert/strict";
import fc from "fast-check";
import { expect, it } from "vitest";
import { SequenceServer } from "../../test/sequence-server.ts";
import { FakeClock } from "../../../testing/src/clock/fake-clock.ts";
import { Emitter } from "../common/emitter.ts";
import type { Outcome, QueueState } from "../common/receipt.ts";
import { DEFAULT_SEND_LIMITS } from "../connection/send-limits.ts";
import type { ClientEvents } from "./client-events.ts";
import { Outbox } from "./outbox.ts";
import type { OutboxConnection, OutboxParts } from "./outbox.ts";

/** Small bounds, so that a short run reaches them. */
const [MESSAGES, UNACKNOWLEDGED, BYTES] = [12, 4, 1_024];

type Step =
  | { readonly type: "send"; readonly count: number; readonly isEphemeral: boolean }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "take" | "answer"; readonly count: number }
  | { readonly type: "answerLate" | "rewind"; readonly count: number }
  | { readonly type: "connect" | "lose" | "forget" | "die" | "settle" | "join" };

const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const event = (type: "connect" | "lose" | "forget" | "die" | "settle" | "join") => fc.constant({ type });

const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(
    4,
    fc.record({
      type: fc.constant("send" as const),
      count: fc.integer({ min: 1, max: 4 }),
      isEphemeral: fc.boolean(),
    }),
  ),
  weighted(
    1,
    fc.record({ type: fc.constant("send" as const), count: fc.constant(14), isEphemeral: fc.boolean() }),
  ),
  weighted(
    2,
    fc.record({
      type: fc.constant("pass" as const),
      ms: fc.constantFrom(20, 1_000, 30_000, 61_000, 200_000, 301_000),
    }),
  ),
  weighted(
    6,
    fc.record({
      type: fc.constantFrom("take" as const, "answer" as const),
      count: fc.integer({ min: 1, max: 8 }),
    }),
  ),
  weighted(4, fc.record({ type: fc.constant("answerLate" as const), count: fc.nat(3) })),
  weighted(1, fc.record({ type: fc.constant("rewind" as const), count: fc.integer({ min: 1, max: 3 }) })),
  weighted(6, event("connect")),
  weighted(2, event("lose")),
  weighted(2, event("die")),
  weighted(1, event("forget")),
  weighted(1, event("settle")),
  weighted(1, event("join")),
);

/** An outbox and a server, with a network between them that loses all frames in flight. */
function createTrial() {
  const server = new SequenceServer();
  const clock = new FakeClock({ random: () => 0 });
  const emitter = new Emitter<ClientEvents>((error) => {
    throw error;
  });
  let queue: QueueState = { queued: 0, unacknowledged: 0, bytes: 0 };
  emitter.on("queue", (state) => (queue = state));
  const rate = new TokenBucket(50, 50, clock.now());
  let isOpen = false;
  let isJoining = false;
  let [toServer, toClient]: [Frame[], [number, Outcome][]] = [[], []];
  let unanswered = 0;
  const connection: OutboxConnection = {
    clientId: "q3vJm0dZyUe1aXcLr8tWsA",
    isEnded: false,
    get isOpen() {
      return isOpen;
    },
    limits: { ...DEFAULT_SEND_LIMITS, unacknowledged: UNACKNOWLEDGED },
    reconnect() {
      run({ type: "lose" });
      run({ type: "connect" });
    },
    take: (bytes) => rate.consume(clock.now(), Math.max(1, bytes / 5_243)),
    write(text) {
      ok(isOpen);
      toServer.push(JSON.parse(text) as Frame);
      ok(++unanswered <= UNACKNOWLEDGED);
    },
  };
  const parts: OutboxParts = { clock, connection, emitter, isHeld: () => isJoining, onFlush: () => {} };
  const outbox = new Outbox(parts, { messages: MESSAGES, bytes: BYTES });
  const statuses = new Map<string, string>();
  let sent = 0;

  const run = (step: Step): void => {
    switch (step.type) {
      case "send":
        for (let n = 0; n < step.count; n++) {
          const content = String(sent++);
          const type = step.isEphemeral ? "cursor_moved" : "chat_message";
          void outbox.send(type, { content }, undefined).then(({ status }) => statuses.set(content, status));
        }
        return;
      case "take":
        for (const frame of toServer.splice(0, step.count)) {
          const isAccepted = server.take(frame, clock.now());
          const error = new HalyardError("conflict");
          toClient.push([
            frame.$?.seq ?? 0,
            isAccepted ? { status: "delivered", result: undefined } : { status: "rejected", error },
          ]);
        }
        return;
      case "answer":
      case "answerLate":
        for (let n = 0; n < (step.type === "answer" ? step.count : 1); n++) {
          const [reply] = toClient.splice(step.type === "answer" ? 0 : step.count, 1);
          if (!reply) break;
          unanswered--;
          outbox.onReply(...reply);
        }
        return;
      case "connect":
        outbox.expireTypes(["cursor_moved"]);
        isOpen = true;
        outbox.flush();
        return;
      case "die":
      case "lose":
        if (step.type === "die") server.die();
        [toServer, toClient, unanswered, isOpen] = [[], [], 0, false];
        outbox.onDisconnected();
        return;
      case "forget":
        if (!isOpen) server.forget(clock.now());
        return;
      case "join":
        isJoining = !isJoining;
        outbox.flush();
        return;
      case "rewind":
        server.lose(step.count);
        return;
      case "settle":
        outbox.settleAll(new HalyardError("unavailable"));
        return;
      case "pass":
        clock.skip(step.ms);
    }
  };
  return {
    run,
    clock,
    server,
    statuses,
    get queue() {
      return queue;
    },
    get sent() {
      return sent;
    },
  };
}

/** A run that failed once: the reply to a later number counts only on the connection that it came on. */
const EXAMPLES: [Step[]][] = [
  [
    [
      { type: "connect" },
      { type: "send", count: 2, isEphemeral: false },
      { type: "take", count: 2 },
      { type: "answerLate", count: 1 },
      { type: "die" },
      { type: "send", count: 1, isEphemeral: false },
      { type: "send", count: 3, isEphemeral: false },
      { type: "connect" },
      { type: "take", count: 1 },
      { type: "answer", count: 1 },
    ],
  ],
];

it("leaves out no sequence number, keeps the order, and settles each receipt truly, whatever the network and the server do", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30, size: "max" }), async (steps) => {
      const trial = createTrial();
      for (const next of steps) {
        trial.run(next);
        trial.clock.skip(0);
        ok(trial.queue.queued + trial.queue.unacknowledged <= MESSAGES);
        ok(trial.queue.bytes <= BYTES);
      }
      trial.run({ type: "lose" });
      trial.clock.skip(240_000);
      // All receipts are settled by now, and their callbacks run in a later turn.
      await new Promise(setImmediate);
      expect(trial.statuses.size).toBe(trial.sent);
      expect(trial.queue).toEqual({ queued: 0, unacknowledged: 0, bytes: 0 });
      expect(trial.clock.timers).toBe(0);
      for (const effects of trial.server.lives) {
        const order = effects.map(Number);
        ok(order.every((n, index) => index === 0 || n > (order[index - 1] ?? n)));
      }
      const effects = new Set(trial.server.lives.flat());
      for (const [content, status] of trial.statuses) {
        if (status === "delivered") ok(effects.has(content));
        if (status === "rejected" || status === "expired") ok(!effects.has(content));
      }
    }),
    { numRuns: Number(process.env["RUNS"] ?? 10_000), examples: EXAMPLES },
  );
}, 240_000);
