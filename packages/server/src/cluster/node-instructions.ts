// The instructions that every node carries out: to close a room, or to check the rights of a user again. They are the history of a
// channel, so that a node that was cut off from the backplane reads the instructions that it has missed.
// Called by room-closes.ts and user-rights.ts; start-backplane.ts passes the events of the backplane.
// Guarantees: a node carries out each instruction of another node once, in the order of the channel; if some of them can no longer be
// read, `onGap` is called in their place, and those after them are carried out.
import type { Position } from "@halyard/protocol";
import { z } from "zod";
import type { Backplane, HistoryBounds, LogEntry, Publication, PublishResult } from "../backplane.ts";
import type { Clock } from "../types.ts";
import { isUnavailable } from "../utils/errors.ts";
import { newMessageId } from "../utils/ids.ts";
import { RepeatedCheck, repeatOnce } from "../utils/repeated-calls.ts";

/** Closes every connection in a room. */
const roomClose = z.object({ closeRoom: z.string(), code: z.int(), reason: z.string() });

export type RoomClose = z.infer<typeof roomClose>;

/** The rights of a user have changed: `lostRoom` is lost; without it, `authorize` is asked again about everything. */
const rightsChange = z.object({ rightsOf: z.string(), lostRoom: z.string().optional() });

export type RightsChange = z.infer<typeof rightsChange>;

const instruction = z.union([roomClose, rightsChange]);

export type Instruction = z.infer<typeof instruction>;

const stored = z.object({ from: z.string(), instruction });

/** No channel of clients has this name. */
const CHANNEL = "nodes";
/** A node that is cut off for longer, or that misses more, asks `authorize` about everything instead. */
const KEPT: HistoryBounds = { messages: 10_000, bytes: 1024 * 1024, ms: 24 * 3_600_000 };
const PAGE = 1_000;

/** The dependencies of {@link NodeInstructions}. */
export interface NodeInstructionsParts {
  readonly backplane: Pick<Backplane, "kind" | "nodeId" | "publish" | "read" | "subscribe">;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Gives instructions to the other nodes, and carries out theirs. */
export class NodeInstructions {
  onInstruction: (instruction: Instruction) => void = () => {};
  onGap: () => void = () => {};
  readonly #parts: NodeInstructionsParts;
  /** Reads the instructions that this node has missed. */
  readonly #reading: RepeatedCheck;
  #isSubscribed = false;
  /** The position up to which the instructions were carried out; undefined until the channel was read. */
  #position: Position | undefined;
  #isStopped = false;

  constructor(parts: NodeInstructionsParts) {
    this.#parts = parts;
    const { clock } = parts;
    const onError = (error: unknown): void => {
      // The monitor of the backplane reports an outage.
      if (!isUnavailable(error)) parts.onError(error);
    };
    this.#reading = new RepeatedCheck({ clock, check: () => this.#readAll(), onError });
  }

  /** Gives an instruction to every other node. @throws HalyardError `unavailable` by rejecting: it may not be stored */
  async give(given: Instruction): Promise<void> {
    const { backplane } = this.#parts;
    if (backplane.kind === "memory") return;
    const data = JSON.stringify({ from: backplane.nodeId, instruction: given });
    const options = { history: KEPT, idempotencyKey: newMessageId(), attempts: {} };
    const publish = (): Promise<PublishResult> => backplane.publish(CHANNEL, data, options);
    await repeatOnce(publish(), publish);
  }

  /** Receives the publications of every channel. @returns whether it was an instruction */
  onPublication(publication: Publication): boolean {
    if (publication.channel !== CHANNEL) return false;
    const position = this.#position;
    if (position !== undefined && !this.#reading.isRunning && isNext(position, publication))
      this.#carryOut(publication);
    else void this.catchUp();
    return true;
  }

  /**
   * Carries out the instructions that this node has missed. Resolves when that is done: while the backplane fails, they are read
   * again every second.
   */
  catchUp(): Promise<void> {
    return this.#parts.backplane.kind === "memory" ? Promise.resolve() : this.#reading.run();
  }

  /** Call when positions in these channels may be followed by a gap. Resolves as {@link catchUp} does; undefined for other channels. */
  onInterrupted(channels: readonly string[]): Promise<void> | undefined {
    return channels.includes(CHANNEL) ? this.catchUp() : undefined;
  }

  stop(): void {
    this.#isStopped = true;
    this.#reading.stop();
  }

  async #readAll(): Promise<void> {
    if (!this.#isSubscribed) await this.#parts.backplane.subscribe(CHANNEL);
    this.#isSubscribed = true;
    let isAll = false;
    while (!isAll) isAll = await this.#readPage();
  }

  /** @returns false if the page was full, or has a hole */
  async #readPage(): Promise<boolean> {
    const before = this.#position;
    const page = { after: before?.off ?? 0, limit: before === undefined ? 0 : PAGE };
    const { epoch, top, entries } = await this.#parts.backplane.read(CHANNEL, page);
    if (this.#isStopped) return true;
    const start = entries[0]?.prev ?? top;
    if (before?.epoch !== epoch || before.off !== start) {
      this.#position = { epoch, off: start };
      this.onGap();
    }
    for (const entry of entries)
      if (this.#position !== undefined && isNext(this.#position, { ...entry, epoch })) this.#carryOut(entry);
    return this.#position?.off === top;
  }

  #carryOut({ data, offset }: LogEntry): void {
    if (this.#position !== undefined) this.#position = { ...this.#position, off: offset };
    try {
      const parsed = stored.safeParse(JSON.parse(data));
      if (!parsed.success) throw new TypeError("not an instruction between nodes");
      if (parsed.data.from !== this.#parts.backplane.nodeId) this.onInstruction(parsed.data.instruction);
    } catch (error) {
      this.#parts.onError(error);
    }
  }
}

function isNext(
  { epoch, off }: Position,
  entry: Pick<LogEntry, "prev"> & { readonly epoch: string },
): boolean {
  return entry.epoch === epoch && entry.prev === off;
}
