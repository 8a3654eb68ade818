// Taken when this module loads, so that a test that replaces the globals later does not stop the network.
const { setTimeout: startTimer } = globalThis;
const nextTurn: (callback: () => void) => unknown =
  (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate ??
  ((callback) => startTimer(callback, 0));

/** Runs a callback in a later turn of the event loop, after those that were given earlier. */
export function soon(callback: () => void): void {
  nextTurn(callback);
}

/** Waits for one turn of the event loop: whatever was ready has run. */
export function turn(): Promise<void> {
  return new Promise(soon);
}

/** Waits in real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => startTimer(resolve, ms));
}
