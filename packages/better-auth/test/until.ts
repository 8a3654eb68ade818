/** Waits until a condition is true, in real time, and fails after `ms` milliseconds. */
export async function until(condition: () => boolean, ms = 1_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`After ${ms} ms still not: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
