// One pane: a client on its own network, and the observations of the page about it.
import { createWebSocketClient } from "@halyard/client";
import type { Room, WebSocketClient } from "@halyard/client";
import { VISIT_SOCKET_PATH } from "../../../shared/visit.ts";
import type { Guest, Visit } from "../../../shared/visit.ts";
import type { Device } from "../../../shared/device.ts";
import type { Line, VisitProtocol } from "../../../shared/visit-protocol.ts";
import { serverOrigin } from "../../lib/server-url.ts";
import { createStore } from "./store.ts";
import type { Arrival, DeliveryChecker, Recovery } from "./delivery-checker.ts";
import { FrameLog } from "./frame-log.ts";
import { PaneNetwork } from "./pane-network.ts";
import { Trial } from "./trial.ts";
import type { Verdict } from "./verdict.ts";

export interface AboutConnection {
  readonly node?: string | undefined;
  readonly connectionId: string;
  readonly canKill: boolean;
}

type Write = (fields: { readonly number: number; readonly text: string }) => unknown;

export interface PaneOptions {
  readonly guest: Guest;
  readonly visit: Visit;
  readonly checker: DeliveryChecker;
  readonly areBothUp: () => boolean;
  /** Called after each change of the counts of the checker. */
  readonly onEvent: () => void;
  readonly onVerdict: (verdict: Verdict) => void;
}

/** The time that a missed line is marked. */
const MARKED_MS = 6_000;
/** Shorter waits than the defaults, so that the pane reconnects soon. */
const BACKOFF = { minMs: 50, baseMs: 200, maxMs: 500 };
const KEPT_VERDICTS = 8;

export class PaneSession {
  readonly guest: Guest;
  readonly log = new FrameLog();
  readonly network = new PaneNetwork(this.log);
  readonly client: WebSocketClient<VisitProtocol>;
  readonly room: Room<VisitProtocol>;
  readonly trial: Trial;
  readonly about = createStore<AboutConnection | undefined>(undefined);
  /** The open connections of this guest, as the server lists them. */
  readonly devices = createStore<readonly Device[]>([]);
  readonly isPlugged = createStore(true);
  /** The ways in which missed lines arrived, by id. An entry stays for {@link MARKED_MS}. */
  readonly recovered = createStore<ReadonlyMap<string, Recovery>>(new Map());
  readonly verdicts = createStore<readonly Verdict[]>([]);
  /** The send of the list of the pane, which shows a line at once. */
  send: Write | undefined;
  readonly #options: PaneOptions;
  #number = 0;
  #newestId: string | undefined;

  constructor(options: PaneOptions) {
    const { guest, visit, checker, areBothUp } = options;
    this.#options = options;
    this.guest = guest;
    this.client = createWebSocketClient<VisitProtocol>({
      url: `${serverOrigin().replace(/^http/, "ws")}${VISIT_SOCKET_PATH}`,
      WebSocket: this.network.WebSocket,
      page: this.network.events,
      ticket: () => visit.tickets[guest],
      backoff: BACKOFF,
    });
    this.room = this.client.join(visit.room);
    this.trial = new Trial({
      guest,
      checker,
      areBothUp,
      doubledFrames: () => this.network.doubledFrames,
      now: () => performance.now(),
      onVerdict: (verdict) => this.#onVerdict(verdict),
    });
    this.#observe();
  }

  get isUp(): boolean {
    return this.client.state.status === "open" && this.room.state.status === "joined";
  }

  /** Writes the next line of this guest. */
  write(text: string): void {
    if (!this.send) return;
    const number = ++this.#number;
    this.#options.checker.onWritten(this.guest, number);
    this.trial.onWritten(number);
    this.send({ number, text });
    this.#options.onEvent();
  }

  /** Loads the history from the database: at the start, and after a gap, when the server could not replay all lines. */
  readonly loadHistory = async ({ signal }: { readonly signal: AbortSignal }): Promise<readonly Line[]> => {
    const lines = await this.room.request("history", undefined, { signal });
    for (const line of lines) this.#onLine(line, "loaded");
    return lines;
  };

  /** Whether the server has a line whose receipt is `unknown`. */
  async hasStored(number: number): Promise<boolean> {
    const lines = await this.room.request("history");
    return lines.some((line) => line.from === this.guest && line.number === number);
  }

  togglePlug(): void {
    if (this.network.isPlugged) {
      this.trial.begin(this.guest === "you" ? "Your plug was pulled" : "Grace’s plug was pulled");
      this.network.unplug();
    } else {
      this.network.plugIn();
      this.trial.release();
    }
    this.isPlugged.set(this.network.isPlugged);
  }

  close(): void {
    this.client.close();
  }

  #observe(): void {
    let wasUp = false;
    const observeState = () => {
      if (this.isUp === wasUp) return;
      wasUp = this.isUp;
      if (wasUp) this.trial.onUp();
      else this.trial.onDown();
      this.#options.onEvent();
    };
    this.room.on("line", (line, { replayed }) => this.#onLine(line, replayed ? "replayed" : "live"));
    this.room.onStateChange(observeState);
    this.client.on("devices", ({ devices }) => this.devices.set(devices));
    this.client.onStateChange(({ status }) => {
      observeState();
      if (status === "open") void this.#readAbout();
    });
  }

  #onLine({ id, from, number }: Line, how: Arrival): void {
    const isNew = this.#options.checker.onArrived(this.guest, from, { number, how });
    this.#newestId = id;
    // The lines of the guest come back, too, and were not missed.
    const isRecovered = isNew && from !== this.guest && how !== "live" && this.trial.title !== undefined;
    if (isRecovered) {
      this.trial.onRecovered(how);
      this.#mark(id, how);
    }
    this.#options.onEvent();
  }

  #mark(id: string, how: Recovery): void {
    this.recovered.set(new Map([...this.recovered.get(), [id, how]]));
    setTimeout(() => {
      this.recovered.set(new Map([...this.recovered.get()].filter(([marked]) => marked !== id)));
    }, MARKED_MS);
  }

  #onVerdict(observed: Omit<Verdict, "id" | "afterId">): void {
    const verdicts = this.verdicts.get();
    const verdict = { ...observed, id: (verdicts.at(-1)?.id ?? 0) + 1, afterId: this.#newestId };
    this.verdicts.set([...verdicts, verdict].slice(-KEPT_VERDICTS));
    this.#options.onVerdict(verdict);
  }

  async #readAbout(): Promise<void> {
    try {
      const { devices, ...about } = await this.client.request("about_connection");
      this.about.set(about);
      this.devices.set(devices);
    } catch {
      // The connection has ended. The next one sends the request again.
    }
  }
}
