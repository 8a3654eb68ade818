/** The date at which `performance` began. If the date is set later, `performance` is not affected. */
const STARTED_AT = Date.now() - performance.now();

/** The runtime's time: `now` measures durations, and `date` is the date, in ms since 1970. */
export const systemTime = {
  now: (): number => STARTED_AT + performance.now(),
  date: (): number => Date.now(),
};

/** The same for servers, with the same start for all packages, and all copies of them, in the process. */
export const serverTime = {
  now: (): number => performance.timeOrigin + performance.now(),
  date: (): number => Date.now(),
};

/** The date by a clock, in ms since 1970. */
export function dateOf(clock: { now(): number; date?(): number }): number {
  return clock.date?.() ?? clock.now();
}
