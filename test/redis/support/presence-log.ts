// The presence events of a cluster as Redis publishes them, in their order. What clients are told is compared with it.
import type { RedisServer } from "./cluster.ts";

/** A user who came (`+`), left (`-`) or changed (`=`), in a room or online. */
export interface PresenceRecord {
  readonly at: number;
  readonly room: string | undefined;
  readonly user: string;
  readonly sign: "+" | "-" | "=";
}

interface RawEvent {
  readonly user: string;
  readonly room?: string;
  readonly profile?: string;
  readonly isNew?: boolean;
}

/** A subscriber to the presence events of all nodes. */
export class PresenceLog {
  readonly records: PresenceRecord[] = [];
  #end: () => void = () => {};

  static async open(redis: RedisServer): Promise<PresenceLog> {
    const log = new PresenceLog();
    log.#end = await redis.follow("halyard:presence", (text) => {
      for (const event of (JSON.parse(text) as { readonly events: readonly RawEvent[] }).events)
        log.#note(event);
    });
    return log;
  }

  close(): void {
    this.#end();
  }

  /** The records of being online, of these users. */
  of(users?: (user: string) => boolean, sign?: PresenceRecord["sign"]): PresenceRecord[] {
    return this.records.filter(
      (record) =>
        record.room === undefined &&
        record.sign !== "=" &&
        (sign === undefined || record.sign === sign) &&
        users?.(record.user) !== false,
    );
  }

  /** The records that follow one of the same kind: of each user and room, coming and leaving alternate. */
  get doubled(): PresenceRecord[] {
    const last = new Map<string, string>();
    return this.records.filter(({ room = "", sign, user }) => {
      if (sign === "=") return false;
      const key = JSON.stringify([room, user]);
      const isDoubled = (last.get(key) ?? "-") === sign;
      last.set(key, sign);
      return isDoubled;
    });
  }

  /** The users who are online by the records. */
  get online(): string[] {
    const online = new Set<string>();
    for (const { room, sign, user } of this.records) {
      if (room !== undefined) continue;
      if (sign === "-") online.delete(user);
      else online.add(user);
    }
    return [...online].toSorted();
  }

  #note({ user, room, profile, isNew = true }: RawEvent): void {
    const sign = profile === undefined ? "-" : isNew ? "+" : "=";
    this.records.push({ at: performance.now(), room, user, sign });
  }
}
