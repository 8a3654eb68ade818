// Waits for the event loop, in turns and in real time.
// Called by the test clock, the ordered delivery and the quiescence detector.
// Guarantee: works while a test has replaced the global timers with fake ones.

// Read when this module loads, so that a test that replaces the globals later does not stop the network.
const { setTimeout: startTimer } = globalThis;
const startMacrotask: (callback: () => void) => unknown =
  (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate ??
  ((callback) => startTimer(callback, 0));

/** Runs a callback in a later turn of the event loop, after the callbacks that were queued earlier. */
export function queueMacrotask(callback: () => void): void {
  startMacrotask(callback);
}

/** Waits for one turn of the event loop, in which every callback that was ready has run. */
export function waitOneTurn(): Promise<void> {
  return new Promise(queueMacrotask);
}

/** Waits in real time. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => startTimer(resolve, ms));
}
