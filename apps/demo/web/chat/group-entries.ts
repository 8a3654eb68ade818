import type { Account } from "./account.ts";
import type { Entry } from "./use-room-messages.ts";

export type Author = Pick<Account, "userId" | "name">;

/** What the eye takes for one utterance: consecutive messages of one author within a few minutes. */
export interface Group {
  readonly key: string;
  readonly from: Author;
  /** When the server took the first one; undefined while it has not. */
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

/** Splits messages into days, in the reader's time zone, and those into groups. */
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

/** When the server took a message; undefined until its copy has come back, also when its receipt came before. */
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
