/** Calls a function at an even rate; after a late timer, the missed calls are made at once. */
export function callAtRate(perSecond: number, call: () => void): { stop: () => void } {
  const start = performance.now();
  let calls = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - start) / 1000) * perSecond;
    while (calls < due) {
      calls++;
      call();
    }
  }, 1);
  return { stop: () => clearInterval(timer) };
}
