// The state of one visit: both panes, the companion, the troubles and the score.
import type { Guest, Visit } from "../../../shared/visit.ts";
import { VISIT_PATH } from "../../../shared/visit.ts";
import { serverOrigin } from "../../lib/server-url.ts";
import { createStore } from "./store.ts";
import { onSignedOut, sharedNow } from "./other-tabs.ts";
import { Companion } from "./companion.ts";
import { CompanionCursor } from "./companion-cursor.ts";
import type { Score } from "./delivery-checker.ts";
import { DeliveryChecker } from "./delivery-checker.ts";
import { PaneSession } from "./pane-session.ts";
import { pause } from "./pause.ts";
import type { TroubleName } from "./troubles.ts";
import { runTrouble } from "./troubles.ts";
import type { Verdict } from "./verdict.ts";
import { isGood } from "./verdict.ts";
import { rememberVisit } from "./visit-memory.ts";

/** A step of the checklist, which is done when its trial has gone well. */
export type Step = TroubleName | "cursors" | "tabs";

export interface NewestVerdict {
  readonly guest: Guest;
  readonly verdict: Verdict;
}

/** The measured time of a sign-out. */
export interface SignOutTime {
  readonly sockets: number;
  /** The time from the click to the last close in this browser, in ms. */
  readonly ms: number;
}

const CHECK_MS = 250;
const POLL_MS = 20;

export class Stage {
  readonly you: PaneSession;
  readonly companion: PaneSession;
  readonly talk: Companion;
  readonly cursor: CompanionCursor;
  readonly visit: Visit;
  readonly score = createStore<Score>({ written: 0, arrived: 0, lost: 0, doubled: 0 });
  readonly newest = createStore<NewestVerdict | undefined>(undefined);
  /** The running trouble. */
  readonly trouble = createStore<TroubleName | undefined>(undefined);
  readonly done = createStore<ReadonlySet<Step>>(new Set());
  readonly problem = createStore<string | undefined>(undefined);
  readonly signedOut = createStore<SignOutTime | undefined>(undefined);
  /** Set by the button: "waits" without a connection, "sent" with one. */
  readonly signingOut = createStore<"waits" | "sent" | undefined>(undefined);
  /** Whether the server rejects the tickets of the visit: after a sign-out, and an hour after its start. */
  readonly isOver = createStore(false);
  readonly #checker = new DeliveryChecker();
  readonly #end = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  /** The trouble that the next verdict is about. */
  #begun: TroubleName | undefined;

  constructor(visit: Visit) {
    this.visit = visit;
    const parts = {
      visit,
      checker: this.#checker,
      areBothUp: () => this.you.isUp && this.companion.isUp,
      onEvent: () => this.#onEvent(),
    };
    this.you = new PaneSession({ ...parts, guest: "you", onVerdict: (it) => this.#onVerdict("you", it) });
    this.companion = new PaneSession({
      ...parts,
      guest: "companion",
      onVerdict: (it) => this.#onVerdict("companion", it),
    });
    this.talk = new Companion(this.companion);
    const { companion, talk } = this;
    const onSeen = () => this.tick("cursors");
    this.cursor = new CompanionCursor({ visit, companion, isTalking: talk.isTalking, onSeen });
    this.you.devices.subscribe(() => {
      if (this.you.devices.get().length > 1) this.tick("tabs");
    });
    this.you.client.onStateChange(({ status }) => {
      if (status !== "authRequired") return;
      this.talk.close();
      this.cursor.close();
      this.isOver.set(true);
    });
    // A timer, because a line that does not arrive causes no event.
    this.#timer = setInterval(() => this.#checkTrials(), CHECK_MS);
  }

  async run(name: TroubleName): Promise<void> {
    if (this.trouble.get() !== undefined) return;
    this.trouble.set(name);
    this.problem.set(undefined);
    try {
      await this.#calmDown();
      this.#begun = name;
      await runTrouble(name, { you: this.you, companion: this.companion, signal: this.#end.signal });
    } catch (error) {
      if (!this.#end.signal.aborted) this.problem.set(error instanceof Error ? error.message : String(error));
      this.#begun = undefined;
      this.trouble.set(undefined);
    }
  }

  /** Signs both guests out, and measures how long their sockets stay open, in this tab and in others. */
  signOut(): void {
    if (this.signingOut.get() !== undefined || this.isOver.get()) return;
    this.signingOut.set(this.you.isUp ? "sent" : "waits");
    const clickedAt = sharedNow();
    const onClosed = (at: number) => {
      const { sockets, ms } = this.signedOut.get() ?? { sockets: 0, ms: 0 };
      this.signedOut.set({ sockets: sockets + 1, ms: Math.max(ms, at - clickedAt) });
    };
    const endWatch = onSignedOut(this.visit.room, onClosed);
    this.#end.signal.addEventListener("abort", endWatch, { once: true });
    for (const { client } of [this.you, this.companion]) {
      let wasOpen = client.state.status === "open";
      client.onStateChange(({ status }) => {
        // A pane that was not connected has no socket to close.
        if (status === "authRequired" && wasOpen) onClosed(sharedNow());
        wasOpen = status === "open";
      });
    }
    void this.#sendSignOut();
  }

  tick(step: Step): void {
    if (!this.done.get().has(step)) this.done.set(new Set([...this.done.get(), step]));
  }

  close(): void {
    this.#end.abort(new Error("The visit is over."));
    clearInterval(this.#timer);
    this.talk.close();
    this.cursor.close();
    this.you.close();
    this.companion.close();
  }

  /** Sends the sign-out until a server has it: a killed one may have lost it. */
  async #sendSignOut(): Promise<void> {
    while (!this.isOver.get() && !this.#end.signal.aborted) {
      const { status } = await this.you.client.send("sign_out", {});
      if (status === "delivered" || status === "rejected") return;
    }
  }

  /** Plugs both panes in, and waits until they are connected and nothing that happened earlier is still observed. */
  async #calmDown(): Promise<void> {
    const panes = [this.you, this.companion];
    for (const pane of panes) if (!pane.isPlugged.get()) pane.togglePlug();
    while (panes.some(({ isUp, trial }) => !isUp || trial.title !== undefined))
      await pause(POLL_MS, this.#end.signal);
  }

  #onEvent(): void {
    this.score.set(this.#checker.score());
    this.#checkTrials();
  }

  #checkTrials(): void {
    this.you.trial.check();
    this.companion.trial.check();
  }

  #onVerdict(guest: Guest, verdict: Verdict): void {
    this.score.set(this.#checker.score());
    // A verdict on the companion during a trouble of the visitor is shown only in the pane of the companion.
    if (guest === "you" || verdict.isCaused) this.newest.set({ guest, verdict });
    if (guest !== "you" || this.#begun === undefined) return;
    if (isGood(verdict)) this.tick(this.#begun);
    this.#begun = undefined;
    this.trouble.set(undefined);
  }
}

/** Starts a visit. @throws Error with a text for the visitor */
export async function startVisit(signal: AbortSignal): Promise<Visit> {
  const response = await fetch(`${serverOrigin()}${VISIT_PATH}`, { method: "POST", signal });
  if (response.status === 429)
    throw new Error("Too many visits from your address. Come back in a few minutes.");
  if (!response.ok) throw new Error("The server does not answer. Is it running?");
  const visit = (await response.json()) as Visit;
  rememberVisit(visit);
  return visit;
}
