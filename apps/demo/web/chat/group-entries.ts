import type { Entry } from "./timeline.ts";

/** What the eye takes for one utterance: consecutive messages of one author within a few minutes. */
export interface Group {
  readonly key: string;
  readonly entries: readonly [Entry, ...Entry[]];
}

export interface Day {
  readonly key: string;
  readonly date: Date;
  readonly groups: readonly Group[];
}

const PAUSE_MS = 5 * 60_000;

/** Splits a timeline into days, in the reader's time zone, and those into groups. */
export function groupEntries(entries: readonly Entry[]): readonly Day[] {
  const days: { key: string; date: Date; groups: { key: string; entries: [Entry, ...Entry[]] }[] }[] = [];
  let previous: Entry | undefined;
  for (const entry of entries) {
    const date = new Date(entry.sentAt);
    const key = dayKey(date);
    let day = days.at(-1);
    if (day?.key !== key) {
      day = { key, date, groups: [] };
      days.push(day);
    }
    const group = day.groups.at(-1);
    if (group && previous && belongs(previous, entry)) group.entries.push(entry);
    else day.groups.push({ key: entry.id, entries: [entry] });
    previous = entry;
  }
  return days;
}

function belongs(previous: Entry, entry: Entry): boolean {
  if (previous.from.userId !== entry.from.userId) return false;
  return Date.parse(entry.sentAt) - Date.parse(previous.sentAt) < PAUSE_MS;
}

function dayKey(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}
