/**
 * The messages between the benchmark and the load process. The benchmark sends a job.
 * The load process may ask for the memory of the server, and then replies with figures or a failure.
 */
import type { DialectName } from "./dialect.ts";

interface Common {
  readonly dialect: DialectName;
  readonly port: number;
  readonly serverPid: number;
  /** The time of each part. */
  readonly durationMs: number;
  /** The number of nodes, at 127.0.1.1, 127.0.1.2 and so on. @default one server at 127.0.0.1 */
  readonly nodes?: number | undefined;
  /** The path of a file with the cookies of sessions, one for each user. @default no sessions */
  readonly cookies?: string | undefined;
}

interface FanOutJob extends Common {
  readonly kind: "fan-out";
  readonly connections: number;
  readonly bytes: number;
  /** Whether clients offer compression and send text that deflates to a third. @default false */
  readonly isCompressed?: boolean;
  /** The parts, which are measured one after another on the same connections. */
  readonly parts: readonly FanOutPart[];
}

export type FanOutPart = {
  readonly name: string;
  /** The length of messages, in bytes. @default that of the job */
  readonly bytes?: number;
  /** The number of runs, from the first on, that have this part. @default all runs */
  readonly runs?: number;
} & ({ readonly inFlight: number } | { readonly deliveriesPerSecond: number });

interface ChatJob extends Common {
  readonly kind: "chat";
  readonly connections: number;
  readonly bytes: number;
  readonly inFlight: number;
}

interface RoomsJob extends Common {
  readonly kind: "rooms";
  readonly connections: number;
  readonly roomSize: number;
  readonly bytes: number;
  /** The numbers of messages in flight in all rooms together, measured one after another. */
  readonly inFlight: readonly number[];
  /** Whether the author of a message gets a receipt. */
  readonly hasReceipts: boolean;
}

interface DirectJob extends Common {
  readonly kind: "direct";
  readonly connections: number;
  readonly bytes: number;
  /** The numbers of messages in flight between all users together, measured one after another. */
  readonly inFlight: readonly number[];
}

interface OfficeJob extends Common {
  readonly kind: "office";
  readonly connections: number;
  readonly roomSize: number;
  readonly bytes: number;
  /** The rates of messages and of typing in all rooms together. */
  readonly chatsPerSecond: number;
  readonly typingPerSecond: number;
  /** The rate of posts to all. */
  readonly postsPerSecond: number;
}

interface TypingJob extends Common {
  readonly kind: "typing";
  readonly connections: number;
  readonly inFlight: number;
}

interface RequestJob extends Common {
  readonly kind: "requests";
  readonly connections: number;
  /** The numbers of requests in flight on each connection, measured one after another. */
  readonly inFlight: readonly number[];
}

interface ConnectJob extends Common {
  readonly kind: "connects";
  readonly connections: number;
  /** The number of connects that are measured when all others are open. */
  readonly late: number;
}

interface IdleJob extends Common {
  readonly kind: "idle";
  /** The number of connections at which memory is measured first; `to` is the second number. */
  readonly from: number;
  readonly to: number;
}

interface SignedInJob extends Common {
  readonly kind: "signed-in";
  /** The number of connections at which memory is measured first; `to` is the second number. */
  readonly from: number;
  readonly to: number;
}

interface PresenceJob extends Common {
  readonly kind: "presence";
  /** The parts, which are measured one after another. The users of a part stay for the next one. */
  readonly parts: readonly PresencePart[];
}

export interface PresencePart {
  readonly name: string;
  readonly connections: number;
  /** The number of users who join per second; the same number leaves. */
  readonly perSecond: number;
}

interface SlowReaderJob extends Common {
  readonly kind: "slow-reader";
  readonly connections: number;
  readonly bytes: number;
  readonly messagesPerSecond: number;
  /** The amount that is sent to the reader that has stopped. */
  readonly owedBytes: number;
}

/** A job of a load process, which replies with {@link Figures}. */
export type Job =
  | FanOutJob
  | ChatJob
  | RoomsJob
  | DirectJob
  | OfficeJob
  | TypingJob
  | RequestJob
  | ConnectJob
  | IdleJob
  | SignedInJob
  | PresenceJob
  | SlowReaderJob;
export type JobOf<TKind extends Job["kind"]> = Extract<Job, { readonly kind: TKind }>;

/** A job before its server has started. */
export type JobPlan = Job extends infer TJob
  ? TJob extends Job
    ? Omit<TJob, "port" | "serverPid" | "dialect" | "cookies">
    : never
  : never;

/** Figures by name. */
export type Figures = Readonly<Record<string, number>>;

/** The memory of the server after garbage collection, in bytes. */
export interface Memory {
  readonly rss: number;
  /** The heap, and the memory of the runtime outside of it, such as buffers. */
  readonly heap: number;
}

export type FromLoad =
  { readonly figures: Figures } | { readonly failure: string } | { readonly request: "memory" };
export type ToLoad = { readonly job: Job } | { readonly memory: Memory };
