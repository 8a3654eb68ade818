/** What `performance` counts from. The date may be set later; `performance` goes on as it was. */
const STARTED_AT = Date.now() - performance.now();

/** The runtime's time: `now` measures durations, and `date` is the date, in ms since 1970. */
export const systemTime = {
  now: (): number => STARTED_AT + performance.now(),
  date: (): number => Date.now(),
};

/** The same on a server, where it starts at the same time for every package and every copy of one in the process. */
export const serverTime = {
  now: (): number => performance.timeOrigin + performance.now(),
  date: (): number => Date.now(),
};

/** The date by a clock, in ms since 1970. */
export function dateOf(clock: { now(): number; date?(): number }): number {
  return clock.date?.() ?? clock.now();
}
