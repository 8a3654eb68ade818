import type { DialectName } from "./dialect.ts";

interface Common {
  readonly dialect: DialectName;
  readonly port: number;
  readonly serverPid: number;
  /** How long each part is measured, ms. */
  readonly durationMs: number;
  /** A file with the cookies of sessions, one for each user. @default users have none */
  readonly cookies?: string | undefined;
}

interface FanOutJob extends Common {
  readonly kind: "fan-out";
  readonly connections: number;
  readonly bytes: number;
  /** Compression is offered and the text is prose, which shrinks to a third. */
  readonly isCompressed?: boolean;
  /** Measured one after the other on the same connections. */
  readonly parts: readonly FanOutPart[];
}

export type FanOutPart = {
  readonly name: string;
  /** Where it is not that of the job. */
  readonly bytes?: number;
  /** Only in the first so many runs. */
  readonly runs?: number;
} & ({ readonly underWay: number } | { readonly deliveriesPerSecond: number });

interface ChatJob extends Common {
  readonly kind: "chat";
  readonly connections: number;
  readonly bytes: number;
  readonly underWay: number;
}

interface RoomsJob extends Common {
  readonly kind: "rooms";
  readonly connections: number;
  readonly roomSize: number;
  readonly bytes: number;
  /** Messages under way in all rooms together. */
  readonly underWay: number;
}

interface TypingJob extends Common {
  readonly kind: "typing";
  readonly connections: number;
  readonly underWay: number;
}

interface RequestJob extends Common {
  readonly kind: "requests";
  readonly connections: number;
  /** Requests under way on each connection, measured one after the other. */
  readonly underWay: readonly number[];
}

interface ConnectJob extends Common {
  readonly kind: "connects";
  readonly connections: number;
  /** How many more come when the others are there. */
  readonly late: number;
}

interface IdleJob extends Common {
  readonly kind: "idle";
  /** Memory is looked at with so many connections, and again with so many. */
  readonly from: number;
  readonly to: number;
}

interface SignedInJob extends Common {
  readonly kind: "signed-in";
  /** Memory is looked at with so many connections, and again with so many. */
  readonly from: number;
  readonly to: number;
}

interface HallJob extends Common {
  readonly kind: "hall";
  /** Measured one after the other; the hall fills up, and nobody of it leaves. */
  readonly parts: readonly HallPart[];
}

export interface HallPart {
  readonly name: string;
  readonly connections: number;
  /** Users who come, and as many who go, per second. */
  readonly perSecond: number;
}

interface SlowReaderJob extends Common {
  readonly kind: "slow-reader";
  readonly connections: number;
  readonly bytes: number;
  readonly messagesPerSecond: number;
  /** What the reader that stands still is owed in the end. */
  readonly owedBytes: number;
}

/** What a load process is to do; its answer is a {@link JobResult}. */
export type Job =
  | FanOutJob
  | ChatJob
  | RoomsJob
  | TypingJob
  | RequestJob
  | ConnectJob
  | IdleJob
  | SignedInJob
  | HallJob
  | SlowReaderJob;
export type JobOf<TKind extends Job["kind"]> = Extract<Job, { readonly kind: TKind }>;

/** What a job is before there is a server to speak to. */
export type JobPlan = Job extends infer TJob
  ? TJob extends Job
    ? Omit<TJob, "port" | "serverPid" | "dialect" | "cookies">
    : never
  : never;

/** Figures by name. */
export type Figures = Readonly<Record<string, number>>;

/** Memory of the server after garbage collection, bytes. */
export interface Memory {
  readonly rss: number;
  /** With what the runtime holds outside of its own heap, such as buffers. */
  readonly heap: number;
}

export type FromLoad =
  | { readonly figures: Figures }
  | { readonly failure: string }
  /** Asks for the server's memory. */
  | { readonly ask: "memory" };
export type ToLoad = { readonly job: Job } | { readonly memory: Memory };
