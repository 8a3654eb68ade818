// Makes the calls of this node to Redis: each with a deadline, a bounded number at a time, scripts by their hash.
// Used by every part except subscriptions.ts. Guarantee: a call settles within its deadline; a failed one rejects with `unavailable`.
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
  /** Connects, if connecting has not begun. */
  readonly connect: () => void;
  readonly connection: Connection;
  readonly options: Pick<CheckedOptions, "timeoutMs" | "maxPendingCalls" | "maxPendingBytes">;
}

export interface CallOptions {
  /** Whether the call may be repeated once if its connection was lost and its effect is unknown. @default false */
  readonly again?: boolean | undefined;
  /** The attempts at a call that must not take effect twice: a store that may have lost one of them gets no other. @default any store gets it */
  readonly attempts?: PublishAttempts | undefined;
  /** The values of the script with which such a store is asked what became of the attempt: null if it does not know it. @default it is not asked */
  readonly valuesToAsk?: readonly string[] | undefined;
  /** Whether the call is made also where too many are under way. @default false */
  readonly isVital?: boolean | undefined;
}

/** For the few calls that keep this node and its users known: without them the load of one node would make its users go offline. */
export const VITAL: CallOptions = { again: true, isVital: true };

/** @param isQuestion whether to ask only what became of an earlier attempt */
type Send = (client: RedisClient, isQuestion: boolean) => Promise<unknown>;

interface PendingCall {
  readonly again: boolean;
  readonly attempts: PublishAttempts | undefined;
  readonly mayAsk: boolean;
  /** Undefined once the call has ended, so that its data is released before its deadline. */
  send: Send | undefined;
  readonly bytes: number;
  readonly dueAt: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly promise: Promise<unknown>;
  /** Whether Redis may have received it, or an earlier attempt. */
  wasSent: boolean;
  /** Whether the driver holds it: then it counts as running, even after its deadline. */
  isHeld: boolean;
  isOver: boolean;
}

/** After how many consecutive calls without an answer an open connection counts as dead. */
const SILENT_CALLS = 3;
/** The shortest time between two connections that are dropped because a call was refused. */
const REFUSED_MS = 5_000;

/** Sends commands to Redis. */
export class Calls {
  readonly #parts: CallsParts;
  #pending = 0;
  #pendingBytes = 0;
  #silent = 0;
  #refusedAt = -Infinity;
  /** The calls in the order of their deadlines; below, the timer for the first one that has not ended. */
  readonly #deadlines: PendingCall[] = [];
  #timer: unknown;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** How long a call may take, in ms. */
  get timeoutMs(): number {
    return this.#parts.options.timeoutMs;
  }

  /** Runs a script. With `again` it may run twice, which must be harmless. */
  run(script: Script, args: ScriptArguments, options: CallOptions = { again: true }): Promise<unknown> {
    const bytes = bytesOf(args.keys ?? []) + bytesOf(args.values);
    const { valuesToAsk = args.values } = options;
    const send: Send = (client, isQuestion) =>
      runScript(client, script, isQuestion ? { ...args, values: valuesToAsk } : args);
    return this.#call(options, send, bytes);
  }

  /** Runs one command. */
  command(args: readonly string[], options: CallOptions = {}): Promise<unknown> {
    return this.#call(options, (client) => client.sendCommand(args), bytesOf(args));
  }

  /** Runs commands as one atomic step. */
  async transaction(commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
    const answer = await this.#call(
      { again: true },
      async (client) => {
        // Sent in one turn, so that no other command of this connection comes in between.
        const sent = [["MULTI"], ...commands, ["EXEC"]].map((args) => client.sendCommand(args));
        const settled = await Promise.allSettled(sent);
        const last = settled.at(-1);
        if (last?.status === "fulfilled") return last.value;
        // The first failure has the reason; EXEC only reports that there was one.
        throw settled.find((each) => each.status === "rejected")?.reason;
      },
      bytesOf(commands.flat()),
    );
    return answer as readonly unknown[];
  }

  #call(options: CallOptions, send: Send, bytes: number): Promise<unknown> {
    const { again = false, attempts, isVital = false, valuesToAsk } = options;
    const { clock } = this.#parts;
    const { maxPendingBytes, maxPendingCalls, timeoutMs } = this.#parts.options;
    const isFull = this.#pending >= maxPendingCalls || this.#pendingBytes + bytes > maxPendingBytes;
    if (isFull && !isVital)
      return Promise.reject(new NotSentError(new Error("too many calls to Redis are under way")));
    this.#parts.connect();
    this.#pending++;
    this.#pendingBytes += bytes;
    const settling = Promise.withResolvers<unknown>();
    const dueAt = clock.now() + timeoutMs;
    const state = { wasSent: attempts?.store !== undefined, isHeld: false, isOver: false };
    const mayAsk = valuesToAsk !== undefined;
    const call = { again, attempts, mayAsk, send, bytes, dueAt, ...settling, ...state };
    this.#deadlines.push(call);
    this.#attempt(call);
    if (this.#pending > 0) this.#timer ??= clock.setTimeout(this.#onDeadline, timeoutMs);
    return settling.promise;
  }

  /** Resolves when the running calls have ended, at the latest at their deadlines. */
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
    const mayBeLost = attempts !== undefined && (attempts.store ??= store) !== store;
    if (mayBeLost && !call.mayAsk) {
      this.#fail(call, MAY_BE_LOST);
      return;
    }
    call.wasSent = call.isHeld = true;
    call.send?.(client, mayBeLost).then(
      (answer) => {
        this.#silent = 0;
        this.#release(call);
        if (mayBeLost && answer === null) this.#fail(call, MAY_BE_LOST);
        else if (this.#end(call)) call.resolve(answer);
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
    // A master that became a replica still answers, perhaps with old data. Another connection may lead to the new master.
    if (/^(READONLY|MASTERDOWN)/.test(cause.message)) connection.replace(cause);
    if (isRefusal(cause)) {
      this.#onRefused(call, cause);
      return;
    }
    // The connection was lost during the call.
    if (call.again && connection.client !== client) this.#attempt(call);
    else this.#fail(call, cause);
  }

  /** The user's rights were reduced: a new connection runs the check that names all missing rights, until they are back. */
  #onRefused(call: PendingCall, cause: Error): void {
    const { clock, connection } = this.#parts;
    this.#fail(call, cause);
    // If the check does not find the missing right (for example with key patterns), not every call may cost a connection.
    if (clock.now() - this.#refusedAt < REFUSED_MS) return;
    this.#refusedAt = clock.now();
    connection.replace(cause);
  }

  /** Lets a call wait for a connection that was lost a moment ago; if the loss lasts, the call fails. */
  #awaitConnection(call: PendingCall): void {
    const { clock, connection, options } = this.#parts;
    const { failure, lostAt } = connection;
    // Until the first attempt has failed, Redis does not count as away.
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

  /** Ends the calls whose deadline has passed. All have the same time, so they end in order. */
  readonly #onDeadline = (): void => {
    const { clock, connection } = this.#parts;
    this.#timer = undefined;
    let ended = 0;
    for (const call of this.#deadlines) {
      if (!call.isOver && call.dueAt > clock.now()) break;
      ended++;
      if (call.isOver) continue;
      const isConnected = connection.client !== undefined;
      // The reason why there is no connection is more helpful than the time-out.
      this.#fail(call, isConnected ? TIMED_OUT : (connection.failure ?? TIMED_OUT));
      if (isConnected && ++this.#silent >= SILENT_CALLS) connection.replace(TIMED_OUT);
    }
    this.#deadlines.splice(0, ended);
    const [next] = this.#deadlines;
    if (next !== undefined && this.#pending > 0)
      this.#timer ??= clock.setTimeout(this.#onDeadline, Math.max(1, next.dueAt - clock.now()));
  };

  /** Ends a call. @returns whether it had not ended before */
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
