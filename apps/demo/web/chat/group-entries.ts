import type { Account } from "./account.ts";
import type { Entry } from "./use-room-messages.ts";

export type Author = Pick<Account, "userId" | "name">;

/** Consecutive messages of one author within a few minutes, which are shown together. */
export interface Group {
  readonly key: string;
  readonly from: Author;
  /** The time at which the server received the first message; undefined before. */
  readonly sentAt: string | undefined;
  readonly entries: readonly [Entry, ...Entry[]];
}

export interface Day {
  readonly key: string;
  readonly date: Date;
  readonly groups: readonly Group[];
}

interface GroupInProgress extends Group {
  readonly entries: [Entry, ...Entry[]];
}

const LONGEST_MS = 5 * 60_000;
const MOST = 20;

/** Splits messages into days in the time zone of the reader, and days into groups. */
export function groupEntries(entries: readonly Entry[], self: Author, now = new Date()): readonly Day[] {
  const days: { key: string; date: Date; groups: GroupInProgress[] }[] = [];
  for (const entry of entries) {
    const from = entry.status === "delivered" ? entry.message.from : self;
    const sentAt = sentAtOf(entry);
    const date = sentAt === undefined ? now : new Date(sentAt);
    const key = dayKey(date);
    let day = days.at(-1);
    if (day?.key !== key) {
      day = { key, date, groups: [] };
      days.push(day);
    }
    const group = day.groups.at(-1);
    if (group?.from.userId === from.userId && isNear(group, sentAt)) group.entries.push(entry);
    else day.groups.push({ key: entry.id, from, sentAt, entries: [entry] });
  }
  return days;
}

/** The time at which the server received a message; undefined until the copy of the server has arrived, also after its receipt. */
export function sentAtOf(entry: Entry): string | undefined {
  return entry.status === "delivered" ? entry.message.sentAt : undefined;
}

function isNear({ sentAt: begunAt, entries }: Group, sentAt: string | undefined): boolean {
  if (entries.length >= MOST) return false;
  return (
    begunAt === undefined || sentAt === undefined || Date.parse(sentAt) - Date.parse(begunAt) < LONGEST_MS
  );
}

function dayKey(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}
