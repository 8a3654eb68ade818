/**
 * The messages between the benchmark and the load process.
 * The benchmark sends a job, the load replies with figures or a failure; in between it may request the server's memory.
 */
import type { DialectName } from "./dialect.ts";

interface Common {
  readonly dialect: DialectName;
  readonly port: number;
  readonly serverPid: number;
  /** How long each part is measured. */
  readonly durationMs: number;
  /** The server is so many nodes at 127.0.1.1, 127.0.1.2 and so on. @default one at 127.0.0.1 */
  readonly nodes?: number | undefined;
  /** A file with the cookies of sessions, one for each user. @default no sessions */
  readonly cookies?: string | undefined;
}

interface FanOutJob extends Common {
  readonly kind: "fan-out";
  readonly connections: number;
  readonly bytes: number;
  /** Whether clients offer compression and send text that deflates to a third. @default false */
  readonly isCompressed?: boolean;
  /** Measured one after another on the same connections. */
  readonly parts: readonly FanOutPart[];
}

export type FanOutPart = {
  readonly name: string;
  /** The length of messages. @default that of the job */
  readonly bytes?: number;
  /** Takes part in the first so many runs only. @default all */
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
  /** Messages in all rooms together, measured one after another. */
  readonly inFlight: readonly number[];
  /** Whether the author of a message gets a receipt. */
  readonly hasReceipts: boolean;
}

interface DirectJob extends Common {
  readonly kind: "direct";
  readonly connections: number;
  readonly bytes: number;
  /** Messages between all users together, measured one after another. */
  readonly inFlight: readonly number[];
}

interface OfficeJob extends Common {
  readonly kind: "office";
  readonly connections: number;
  readonly roomSize: number;
  readonly bytes: number;
  /** In all rooms together: what is written, and who types. */
  readonly chatsPerSecond: number;
  readonly typingPerSecond: number;
  /** To everybody. */
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
  /** Requests on each connection, measured one after another. */
  readonly inFlight: readonly number[];
}

interface ConnectJob extends Common {
  readonly kind: "connects";
  readonly connections: number;
  /** Connects that are measured when the others are open. */
  readonly late: number;
}

interface IdleJob extends Common {
  readonly kind: "idle";
  /** Memory is measured at so many connections, and again at `to`. */
  readonly from: number;
  readonly to: number;
}

interface SignedInJob extends Common {
  readonly kind: "signed-in";
  /** Memory is measured at so many connections, and again at `to`. */
  readonly from: number;
  readonly to: number;
}

interface PresenceJob extends Common {
  readonly kind: "presence";
  /** Measured one after another; the users of one part stay for the next. */
  readonly parts: readonly PresencePart[];
}

export interface PresencePart {
  readonly name: string;
  readonly connections: number;
  /** Users who join per second; as many leave. */
  readonly perSecond: number;
}

interface SlowReaderJob extends Common {
  readonly kind: "slow-reader";
  readonly connections: number;
  readonly bytes: number;
  readonly messagesPerSecond: number;
  /** What is sent to the reader that has stopped. */
  readonly owedBytes: number;
}

/** What a load process does; it replies with {@link Figures}. */
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
  /** Includes what the runtime holds outside of its heap, such as buffers. */
  readonly heap: number;
}

export type FromLoad =
  { readonly figures: Figures } | { readonly failure: string } | { readonly request: "memory" };
export type ToLoad = { readonly job: Job } | { readonly memory: Memory };
