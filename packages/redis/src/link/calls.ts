// The calls of this node to Redis: each with a deadline, at most so many under way, and scripts by their hash.
// Used by every part but subscriptions.ts. Guarantee: a call settles within its deadline, and fails with `unavailable`.
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock, PublishAttempts } from "@halyard/server";
import type { Connection } from "./connection.ts";
import type { CheckedOptions } from "../options.ts";
import type { RedisClient } from "../common/redis-client.ts";
import type { Script } from "../scripts/scripts.ts";
import { isRefusal } from "./advice.ts";
import { NotSentError } from "./not-sent-error.ts";
import { runScript } from "./run-script.ts";
import type { ScriptArguments } from "./run-script.ts";
import { SetupError } from "../common/setup-error.ts";

export interface CallsParts {
  readonly clock: Clock;
  /** Connects, if that has not begun. */
  readonly connect: () => void;
  readonly connection: Connection;
  readonly options: Pick<CheckedOptions, "timeoutMs" | "maxPendingCalls" | "maxPendingBytes">;
}

export interface CallOptions {
  /** Whether the call may be made once more when its connection was lost and its effect is not known. @default false */
  readonly again?: boolean | undefined;
  /** For a call that must not have its effect twice: it is not sent to a store that may have lost an attempt. @default any store */
  readonly attempts?: PublishAttempts | undefined;
}

type Send = (client: RedisClient) => Promise<unknown>;

interface PendingCall {
  readonly again: boolean;
  readonly attempts: PublishAttempts | undefined;
  /** Undefined once the call has ended: what it carries is free then, though its deadline is still to come. */
  send: Send | undefined;
  readonly bytes: number;
  readonly dueAt: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly promise: Promise<unknown>;
  /** Redis may have got it, or an earlier attempt. */
  wasSent: boolean;
  /** The driver holds it: it counts as under way, also when its deadline is over. */
  isHeld: boolean;
  isOver: boolean;
}

/** How many calls without an answer, one after the other, show that a connection is dead though it is open. */
const SILENT_CALLS = 3;
/** The least time between two connections that are given up because a call was refused. */
const REFUSED_MS = 5_000;

/** Sends commands to Redis. */
export class Calls {
  readonly #parts: CallsParts;
  #pending = 0;
  #pendingBytes = 0;
  #silent = 0;
  #refusedAt = -Infinity;
  /** The calls in the order of their deadlines, and a timer for the first one that has not ended. */
  readonly #deadlines: PendingCall[] = [];
  #timer: unknown;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** Runs a script. A script may run twice where `again` is set, so it must not matter. */
  run(script: Script, args: ScriptArguments, options: CallOptions = { again: true }): Promise<unknown> {
    const bytes = bytesOf(args.keys ?? []) + bytesOf(args.values);
    return this.#call(options, (client) => runScript(client, script, args), bytes);
  }

  /** Runs one command. */
  command(args: readonly string[], options: CallOptions = {}): Promise<unknown> {
    return this.#call(options, (client) => client.sendCommand(args), bytesOf(args));
  }

  /** Runs commands as one step. */
  async transaction(commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
    const answer = await this.#call(
      { again: true },
      async (client) => {
        // Sent in one turn, so that no other command of this connection comes between.
        const sent = [["MULTI"], ...commands, ["EXEC"]].map((args) => client.sendCommand(args));
        const settled = await Promise.allSettled(sent);
        const last = settled.at(-1);
        if (last?.status === "fulfilled") return last.value;
        // The first failure says why: EXEC only says that there was one.
        throw settled.find((each) => each.status === "rejected")?.reason;
      },
      bytesOf(commands.flat()),
    );
    return answer as readonly unknown[];
  }

  #call({ again = false, attempts }: CallOptions, send: Send, bytes: number): Promise<unknown> {
    const { clock, options } = this.#parts;
    const { maxPendingBytes, maxPendingCalls, timeoutMs } = options;
    if (this.#pending >= maxPendingCalls || this.#pendingBytes + bytes > maxPendingBytes)
      return Promise.reject(new NotSentError(new Error("too many calls to Redis are under way")));
    this.#parts.connect();
    this.#pending++;
    this.#pendingBytes += bytes;
    const settling = Promise.withResolvers<unknown>();
    const dueAt = clock.now() + timeoutMs;
    const state = { wasSent: attempts?.store !== undefined, isHeld: false, isOver: false };
    const call = { again, attempts, send, bytes, dueAt, ...settling, ...state };
    this.#deadlines.push(call);
    this.#attempt(call);
    if (this.#pending > 0) this.#timer ??= clock.setTimeout(this.#onDeadline, timeoutMs);
    return settling.promise;
  }

  /** Resolves when the calls that are under way have ended, at the latest with their deadlines. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#deadlines.filter(({ isOver }) => !isOver).map(({ promise }) => promise));
  }

  #attempt(call: PendingCall): void {
    const { client, store } = this.#parts.connection;
    const { attempts } = call;
    if (client === undefined) {
      this.#awaitConnection(call);
      return;
    }
    if (attempts !== undefined) {
      if ((attempts.store ?? store) !== store) {
        this.#fail(call, MAY_BE_LOST);
        return;
      }
      attempts.store = store;
    }
    call.wasSent = call.isHeld = true;
    call.send?.(client).then(
      (answer) => {
        this.#silent = 0;
        this.#release(call);
        if (this.#end(call)) call.resolve(answer);
      },
      (error: unknown) => {
        this.#release(call);
        this.#onError(call, client, error);
      },
    );
  }

  #release(call: PendingCall): void {
    call.isHeld = false;
    if (call.isOver) this.#uncount(call);
  }

  #onError(call: PendingCall, client: RedisClient, error: unknown): void {
    if (call.isOver) return;
    const { connection } = this.#parts;
    const cause = error instanceof Error ? error : new Error(String(error));
    // A master that has become a replica answers reads as before, with what it had: another connection may lead to the master.
    if (cause.message.startsWith("READONLY")) connection.replace(cause);
    if (isRefusal(cause)) {
      this.#onRefused(call, cause);
      return;
    }
    // The connection was lost with the call under way.
    if (call.again && connection.client !== client) this.#attempt(call);
    else this.#fail(call, cause);
  }

  /** The rights of the user were taken away: what a new connection has to pass names all of them, until they are back. */
  #onRefused(call: PendingCall, cause: Error): void {
    const { clock, connection } = this.#parts;
    this.#fail(call, cause);
    // What such a check does not find, as with a pattern of single keys, must not cost every call its connection.
    if (clock.now() - this.#refusedAt < REFUSED_MS) return;
    this.#refusedAt = clock.now();
    connection.replace(cause);
  }

  /** A call waits for a connection that was lost a moment ago, and fails where the loss lasts. */
  #awaitConnection(call: PendingCall): void {
    const { clock, connection, options } = this.#parts;
    const { failure, lostAt } = connection;
    // Before the first attempt has failed, nothing says that Redis is away.
    const isAway = failure !== undefined && lostAt !== undefined;
    const isLost = isAway && clock.now() - lostAt > options.timeoutMs;
    if (failure instanceof SetupError || isLost) {
      this.#fail(call, failure);
      return;
    }
    connection.up.then(
      () => {
        if (!call.isOver) this.#attempt(call);
      },
      (error: unknown) => {
        this.#fail(call, error);
      },
    );
  }

  /** Ends the calls whose time is up. All have the same time, so they end in their order. */
  readonly #onDeadline = (): void => {
    const { clock, connection } = this.#parts;
    this.#timer = undefined;
    let ended = 0;
    for (const call of this.#deadlines) {
      if (!call.isOver && call.dueAt > clock.now()) break;
      ended++;
      if (call.isOver) continue;
      const isConnected = connection.client !== undefined;
      // Why there is no connection says more than that there is none.
      this.#fail(call, isConnected ? TIMED_OUT : (connection.failure ?? TIMED_OUT));
      if (isConnected && ++this.#silent >= SILENT_CALLS) connection.replace(TIMED_OUT);
    }
    this.#deadlines.splice(0, ended);
    const [next] = this.#deadlines;
    if (next !== undefined && this.#pending > 0)
      this.#timer ??= clock.setTimeout(this.#onDeadline, Math.max(1, next.dueAt - clock.now()));
  };

  /** @returns whether it had not ended yet */
  #end(call: PendingCall): boolean {
    if (call.isOver) return false;
    call.isOver = true;
    call.send = undefined;
    if (!call.isHeld) this.#uncount(call);
    return true;
  }

  #uncount(call: PendingCall): void {
    this.#pending--;
    this.#pendingBytes -= call.bytes;
    if (this.#pending === 0) {
      this.#parts.clock.clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#deadlines.length = 0;
    }
  }

  #fail(call: PendingCall, error: unknown): void {
    if (!this.#end(call)) return;
    const cause = error instanceof Error ? error : new Error(String(error));
    if (cause instanceof SetupError) call.reject(cause);
    else if (call.wasSent) call.reject(new HalyardError("unavailable", undefined, { cause }));
    else call.reject(new NotSentError(cause));
  }
}

const TIMED_OUT = new Error("Redis does not answer");
const MAY_BE_LOST = new Error("Redis may have lost what was stored and sent to others");

function bytesOf(args: readonly string[]): number {
  let bytes = 0;
  for (const arg of args) bytes += arg.length;
  return bytes;
}
