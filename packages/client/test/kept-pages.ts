// Pages that keep their outbox: a storage, the platform's locks, and a page that is loaded.
// Used by the tests of src/storage.
import { afterEach, beforeEach, vi } from "vitest";
import type { OutboxStorage, WebSocketClientOptions } from "../src/index.ts";
import { FakeSocket } from "./fake-socket.ts";
import { createHarness } from "./harness.ts";

/** A storage with one item, as it is in the tab of one page. */
export class FakeStorage implements OutboxStorage {
  readonly items = new Map<string, string>();
  getItem(key: string) {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string) {
    this.items.set(key, value);
  }
  removeItem(key: string) {
    this.items.delete(key);
  }
}

/** The platform's locks, whose pages end when the test says so. */
export class FakeLocks {
  readonly #held = new Map<string, () => void>();

  request(name: string, { signal }: { signal: AbortSignal }, callback: () => unknown): Promise<void> {
    return new Promise((_, reject) => {
      const acquire = () => {
        if (this.#held.has(name)) return false;
        this.#held.set(name, () => this.#held.delete(name));
        callback();
        return true;
      };
      if (acquire()) return;
      signal.addEventListener("abort", () => reject(new Error("aborted")));
    });
  }

  /** The page has ended. */
  releaseAll(): void {
    this.#held.clear();
  }
}

/** Gives each test of a file locks of its own. */
export function useLocks(): { readonly current: FakeLocks } {
  const held = { current: new FakeLocks() };
  beforeEach(() => {
    held.current = new FakeLocks();
    vi.stubGlobal("navigator", { locks: held.current });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
  return held;
}

export type Harness = ReturnType<typeof createHarness>;

/** A page that is loaded; the module of an earlier page knows nothing of it. */
export async function load(
  storage: OutboxStorage,
  options: Partial<WebSocketClientOptions> = {},
): Promise<Harness> {
  vi.resetModules();
  const harness = createHarness({ outbox: { storage }, ...options });
  await vi.waitFor(() => {
    if (options.autoConnect !== false && FakeSocket.all.length === 0) throw new Error("no socket yet");
  });
  return harness;
}
