// Simulated tabs of one browser: each has its own locks, channels, timers and sockets, and can crash or hang alone.
// The simulation keeps the promises of a browser on which the sharing of connections relies: a lock has one holder, is granted in
// order, is freed with its tab and can be stolen; a message reaches every other channel of its name, in order; a tab that hangs
// runs its tasks afterwards.
import type { Clock } from "@halyard/client";
import type { SharingPlatform } from "../../packages/client/src/sharing/sharing-parts.ts";

type Task = () => void;

interface LockRequest {
  readonly tab: SimulatedTab;
  readonly run: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class SimulatedBrowser {
  readonly #held = new Map<string, LockRequest>();
  readonly #queues = new Map<string, LockRequest[]>();
  readonly channels = new Set<SimulatedChannel>();

  holderOf(isName: (name: string) => boolean): SimulatedTab | undefined {
    for (const [name, { tab }] of this.#held) if (isName(name)) return tab;
    return undefined;
  }

  request(name: string, request: LockRequest, { steal = false }: { steal?: boolean }): Task {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    if (steal) {
      const loser = this.#held.get(name);
      this.#held.delete(name);
      loser?.tab.run(() => loser.reject(new DOMException("stolen", "AbortError")));
      queue.unshift(request);
    } else queue.push(request);
    this.#grant(name);
    return () => {
      const index = queue.indexOf(request);
      if (index >= 0) queue.splice(index, 1);
    };
  }

  /** Frees the locks of a tab that has ended, and closes its channels. */
  release(tab: SimulatedTab): void {
    for (const queue of this.#queues.values())
      queue.splice(0, queue.length, ...queue.filter((request) => request.tab !== tab));
    for (const [name, request] of this.#held) if (request.tab === tab) this.#free(name, request);
    for (const channel of this.channels) if (channel.tab === tab) channel.close();
  }

  #grant(name: string): void {
    const request = this.#held.has(name) ? undefined : this.#queues.get(name)?.shift();
    if (!request) return;
    this.#held.set(name, request);
    request.tab.run(() => {
      // Another tab may have stolen the lock meanwhile.
      if (this.#held.get(name) !== request) return;
      void request
        .run()
        .then(request.resolve, request.reject)
        .then(() => this.#free(name, request));
    });
  }

  #free(name: string, request: LockRequest): void {
    if (this.#held.get(name) !== request) return;
    this.#held.delete(name);
    this.#grant(name);
  }
}

class SimulatedChannel {
  readonly name: string;
  readonly tab: SimulatedTab;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  #isClosed = false;

  constructor(tab: SimulatedTab, name: string) {
    this.tab = tab;
    this.name = name;
    tab.browser.channels.add(this);
  }

  postMessage(message: unknown): void {
    if (this.tab.isGone) return;
    if (this.#isClosed) throw new DOMException("Channel is closed", "InvalidStateError");
    const data: unknown = structuredClone(message);
    for (const channel of this.tab.browser.channels)
      if (channel !== this && channel.name === this.name)
        channel.tab.run(() => {
          if (this.tab.browser.channels.has(channel)) channel.onmessage?.({ data });
        });
  }

  close(): void {
    this.#isClosed = true;
    this.tab.browser.channels.delete(this);
  }
}

export class SimulatedTab {
  readonly browser: SimulatedBrowser;
  readonly #tasks: Task[] = [];
  readonly sockets = new Set<WebSocket>();
  #isHung = false;
  isGone = false;
  isVisible = true;

  constructor(browser: SimulatedBrowser) {
    this.browser = browser;
  }

  /** Runs a task of the tab in a later turn, after the earlier tasks. */
  run(task: Task): void {
    setImmediate(() => {
      this.#tasks.push(task);
      this.#drain();
    });
  }

  hang(): void {
    this.#isHung = true;
  }

  wake(): void {
    this.#isHung = false;
    this.#drain();
  }

  /** Ends the tab and its sockets at once. */
  crash(): void {
    this.isGone = true;
    this.browser.release(this);
    for (const socket of this.sockets) socket.close();
  }

  get clock(): Clock {
    return {
      now: () => performance.now(),
      date: () => Date.now(),
      setTimeout: (callback, ms) => setTimeout(() => this.run(callback), ms),
      clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
      random: () => Math.random(),
    };
  }

  get platform(): SharingPlatform {
    return platformOf(this);
  }

  /** The class of the sockets of the tab. Their events wait while the tab hangs. */
  get WebSocket(): new (url: string, protocols: string[]) => WebSocket {
    return socketClassOf(this);
  }

  #drain(): void {
    while (!this.#isHung && !this.isGone) {
      const task = this.#tasks.shift();
      if (!task) return;
      task();
    }
  }
}

function platformOf(tab: SimulatedTab): SharingPlatform {
  const { browser } = tab;
  return {
    navigator: {
      locks: {
        query: () => Promise.resolve({}),
        request: (name: string, ...rest: unknown[]) => {
          const run = rest.pop() as () => Promise<unknown>;
          const [options = {}] = rest as [{ steal?: boolean; signal?: AbortSignal }?];
          return new Promise<unknown>((resolve, reject) => {
            const request: LockRequest = { tab, run: async () => run(), resolve, reject };
            const cancel = browser.request(name, request, options);
            options.signal?.addEventListener("abort", () => {
              cancel();
              reject(new DOMException("aborted", "AbortError"));
            });
          });
        },
      },
    },
    BroadcastChannel: class extends SimulatedChannel {
      constructor(name: string) {
        super(tab, name);
      }
    } as unknown as NonNullable<SharingPlatform["BroadcastChannel"]>,
    document: {
      get visibilityState() {
        return tab.isVisible ? "visible" : "hidden";
      },
      addEventListener: () => undefined,
    },
  };
}

function socketClassOf(tab: SimulatedTab): new (url: string, protocols: string[]) => WebSocket {
  class TabSocket extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      tab.sockets.add(this);
    }

    override addEventListener(type: string, listener: unknown): void {
      const call = listener as (event: Event) => void;
      super.addEventListener(type, (event) => tab.run(() => call(event)));
    }

    override send(text: string): void {
      if (!tab.isGone) super.send(text);
    }
  }
  return TabSocket;
}
