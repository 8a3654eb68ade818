// The part of one tab in a group: the tabs of one origin, address, contract and user, of which one is the leader.
// Created by a tab's sockets; the leader's tab has the SharedConnection, too.
// There is at most one leader, the holder of a Web Lock. The platform gives the lock to the next tab when a leader is closed or
// crashes; a visible tab that gets no answer for a second takes it.
import { dateOf } from "@halyard/protocol/internal";
import type { SocketCallbacks } from "./leader-socket.ts";
import { SharedConnection } from "./shared-connection.ts";
import type { SharingParts } from "./sharing-parts.ts";
import { MOVED } from "./tab-messages.ts";
import type { LeaderMessage, SharedClient, TabMessage } from "./tab-messages.ts";

/** How long a leader may take to answer. A leader that is hidden answers at once: messages wake it. */
const ANSWER_MS = 1_000;

/** The socket of this tab, which the leader's messages are for. */
export interface GroupSocket extends SocketCallbacks {
  readonly id: string;
  readonly readyState: number;
}

export interface TabGroupParts extends SharingParts {
  /** That of its lock and its channel. */
  readonly name: string;
  /** The hash of the user id, which is the same for all tabs of the group. */
  readonly user: string;
}

/** A tab is in the group until its socket closes, unless it closes because there is a new leader. */
export class TabGroup {
  readonly #parts: TabGroupParts;
  readonly #channel: BroadcastChannel;
  /** The connection that the tabs share, as far as this tab has heard of it. */
  known: SharedClient | undefined;
  /** The address of the tab's last attempt. */
  #url = "";
  #socket: GroupSocket | undefined;
  /** Gives back the lock by which the leader knows that this tab is there. */
  #release: (() => void) | undefined;
  #leader: string | undefined;
  #connection: SharedConnection | undefined;
  #waiting = new AbortController();
  readonly #left = new AbortController();
  /** When the leader was asked, until it is heard. */
  #askedAt: number | undefined;
  /** The next socket opens outside of any group. */
  #isAlone = false;

  constructor(parts: TabGroupParts, known: SharedClient | undefined) {
    this.#parts = parts;
    this.known = known;
    this.#channel = new parts.BroadcastChannel(parts.name);
    this.#channel.onmessage = ({ data }) => this.#receive(data as LeaderMessage);
    // A frozen page sends nothing and must not lead. It comes back when it is resumed.
    parts.document?.addEventListener("freeze", () => this.#leaveWith(MOVED), this.#left);
    this.#lead();
  }

  get name(): string {
    return this.#parts.name;
  }

  get hasLeft(): boolean {
    return this.#left.signal.aborted;
  }

  /** Whether the next socket is to be one of the tab's own. The one after it may be in a group again. */
  takeAlone(): boolean {
    const isAlone = this.#isAlone;
    this.#isAlone = false;
    return isAlone;
  }

  /** Opens a socket in the group. */
  attach(socket: GroupSocket, url: string): { send(text: string): void; close(code: number): void } {
    this.#url = url;
    this.#socket = socket;
    const held = new Promise<void>((resolve) => (this.#release = resolve));
    const tab = socket.id;
    void this.#parts.locks.request(`${this.name}:${tab}`, async () => {
      this.#open();
      await held;
    });
    return {
      send: (frame) => {
        this.#post({ tab, frame });
        this.#ask();
      },
      close: (closed) => {
        this.#post({ tab, closed });
        this.leave();
      },
    };
  }

  leave(): void {
    if (this.hasLeft) return;
    this.#left.abort();
    this.#detach();
    this.#waiting.abort();
    this.#connection?.end();
    // After what was posted above is on its way.
    this.#channel.close();
  }

  #detach(): void {
    this.#socket = this.#askedAt = undefined;
    this.#release?.();
  }

  /** A client that stops for good closes its socket once more, when the group has left: a closed channel throws. */
  #post(message: TabMessage): void {
    if (this.hasLeft) return;
    if (this.#connection) this.#connection.receive(message);
    else this.#channel.postMessage(message);
  }

  #open(): void {
    if (this.#socket?.readyState !== 0) return;
    this.#post({ tab: this.#socket.id, opens: true, known: this.known });
    this.#ask();
  }

  /** Waits for the lock. @param steal takes it from a leader that does not answer */
  #lead(steal = false): void {
    this.#waiting = new AbortController();
    const options = steal ? { steal } : { signal: this.#waiting.signal };
    let own: SharedConnection | undefined;
    void this.#parts.locks
      .request(this.name, options, () => {
        if (this.hasLeft) return;
        return new Promise<void>((resolve) => {
          own = this.#connection = new SharedConnection({
            ...this.#parts,
            known: this.known,
            nextUrl: () => this.#url,
            onEnd: () => {
              this.#connection = undefined;
              resolve();
            },
          });
        });
      })
      .catch(() => {})
      .then(() => {
        // Another tab has taken the lock, or this one has given it back.
        own?.end();
        if (own && !this.hasLeft) this.#lead();
      });
  }

  #ask(): void {
    if (this.#askedAt !== undefined || !this.#socket) return;
    const askedAt = (this.#askedAt = dateOf(this.#parts.clock));
    this.#post({ tab: this.#socket.id, asks: true });
    this.#parts.clock.setTimeout(() => {
      if (this.#askedAt !== askedAt) return;
      this.#askedAt = undefined;
      const { document } = this.#parts;
      // This tab may have slept itself, with the answer behind its timer.
      const isLate = dateOf(this.#parts.clock) - askedAt > 2 * ANSWER_MS;
      if (isLate || document?.visibilityState === "hidden" || this.#connection) this.#ask();
      else this.#steal();
    }, ANSWER_MS);
  }

  #steal(): void {
    this.#waiting.abort();
    this.#lead(true);
    this.#ask();
  }

  #receive(message: LeaderMessage): void {
    const { leader, to, isNew, opened, frame, known, closed, alone } = message;
    const socket = this.#socket;
    if (!leader || (to && !(socket && to.includes(socket.id)))) return;
    if (isNew) return this.#follow(leader);
    if (opened || !this.#leader) this.#leader = leader;
    if (leader !== this.#leader) return;
    this.#askedAt = undefined;
    if (known) this.known = known;
    if (opened && socket?.readyState === 0) socket.onOpen();
    if (frame) socket?.onText(frame);
    if (closed) {
      this.#isAlone = alone === true;
      this.#leaveWith(closed);
    }
  }

  #leaveWith({ code, reason }: { readonly code: number; readonly reason: string }): void {
    const socket = this.#socket;
    this.leave();
    socket?.onClose(code, reason);
  }

  /** The connection of an earlier leader is lost: the client comes back at once, and resumes. */
  #follow(leader: string): void {
    this.#leader = leader;
    // This tab has slept, and the lock is gone.
    if (this.#connection?.id !== leader) this.#connection?.end();
    if (this.known) this.#post({ tab: "", known: this.known });
    const socket = this.#socket;
    if (socket?.readyState !== 1) return this.#open();
    this.#detach();
    socket.onClose(MOVED.code, MOVED.reason);
  }
}
