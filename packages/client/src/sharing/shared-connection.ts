// The leader's part: the one socket of a group, and the way of each frame between the server and the tabs.
// Created by the group of a tab that has become the leader; ends when the tab leaves, or another tab takes the lock.
// Each tab is a client of its own: it resumes from its own positions, its sends keep its own numbers, and the server knows both
// by the tab's client id in front of each id. So a tab that comes back through another leader loses and repeats nothing.
import { encodeFrame, messageIdOf } from "@halyard/protocol/wire";
import type { Frame, FrameMeta } from "@halyard/protocol/wire";
import { LeaderSocket, randomId } from "./leader-socket.ts";
import { SharedChannels, channelOf, channelOfRoom, mergePositions } from "./shared-channels.ts";
import type { ServerWelcome, TabHello } from "./shared-channels.ts";
import { SharedRooms } from "./shared-rooms.ts";
import { SharedSends } from "./shared-sends.ts";
import { SharedTabs } from "./shared-tabs.ts";
import type { Tab } from "./shared-tabs.ts";
import type { SharingParts } from "./sharing-parts.ts";
import { MOVED } from "./tab-messages.ts";
import type { LeaderMessage, SharedClient, TabMessage } from "./tab-messages.ts";

/** How long the hello waits for the tabs that have not said theirs. */
const HELLO_MS = 200;
/** How much longer a frame becomes by the client id of its tab, at most. */
const TAB_ID_BYTES = 64;
/** A connection without an answer for so long is dead once a tab says so. */
const ANSWER_MS = 2_500;
const ABNORMAL_CLOSE = 1006;
const GOING_AWAY = 3001;
const SUPERSEDED = 4409;
/** A tab has broken the protocol, or a session has ended: each tab learns by itself what becomes of it. */
const OF_ONE_TAB = [4400, 4401, 4413];

export interface SharedConnectionParts extends SharingParts {
  readonly name: string;
  /** The hash of the user id, which is the same for all tabs of the group. */
  readonly user: string;
  /** The connection that this one continues. */
  readonly known: SharedClient | undefined;
  readonly nextUrl: () => string;
  /** The tab is the leader no more. */
  readonly onEnd: () => void;
}

export class SharedConnection {
  readonly #parts: SharedConnectionParts;
  readonly id = randomId();
  readonly #channel: BroadcastChannel;
  readonly #tabs = new SharedTabs();
  readonly #socket: LeaderSocket;
  readonly #rooms: SharedRooms;
  readonly #sends: SharedSends;
  #channels: SharedChannels | undefined;
  #welcome: Frame | undefined;
  /** The rooms of the hello, once it is sent. */
  #asked: string[] | undefined;
  /** When a ping went out that has no answer yet. */
  #pingedAt: number | undefined;

  constructor(parts: SharedConnectionParts) {
    this.#parts = parts;
    this.#socket = new LeaderSocket(parts, parts.nextUrl, {
      onOpen: () => this.#onOpen(),
      onText: (text) => this.#onText(text),
      onClose: (code, reason) => {
        // A newer leader is connected.
        if (code === SUPERSEDED) this.#lose(MOVED.code, MOVED.reason);
        else if (OF_ONE_TAB.includes(code)) this.#dissolve();
        else this.#lose(code, reason);
      },
      // Another tab may have a session.
      onFailure: () => {
        this.#lose(ABNORMAL_CLOSE, "");
        this.end();
      },
    });
    this.#socket.learn(parts.known);
    this.#sends = new SharedSends(parts.clock, (text) => this.#socket.write(text));
    this.#rooms = new SharedRooms((text) => this.#sends.write(text));
    this.#channel = new parts.BroadcastChannel(parts.name);
    this.#channel.onmessage = ({ data }) => this.receive(data as TabMessage);
    this.#post({ isNew: true });
  }

  /** Another tab leads, or is to lead. */
  end(): void {
    this.#forget();
    this.#channel.close();
    this.#parts.onEnd();
  }

  #post(message: Omit<LeaderMessage, "leader">): void {
    this.#channel.postMessage({ leader: this.id, ...message });
  }

  /** A message of a tab: that of the leader's own tab comes at once, before the tab may end the connection. */
  receive(message: TabMessage & { readonly leader?: string }): void {
    const { leader, tab: id, opens, known, frame, asks, closed } = message;
    if (leader) return;
    this.#socket.learn(known);
    if (asks) this.#post({ to: [id] });
    if (opens && !this.#tabs.get(id)) this.#add(id, known);
    const tab = this.#tabs.get(id);
    if (tab && frame) this.#onTabFrame(tab, frame);
    if (tab && closed !== undefined) this.#onTabClosed(tab, closed);
  }

  #add(id: string, known: SharedClient | undefined): void {
    if (!this.#tabs.add(id, known?.memory, this.#parts.clock.now())) return this.#sendAway(id);
    // Granted when the tab has closed or crashed.
    void this.#parts.locks.request(`${this.#parts.name}:${id}`, () => this.#remove(id));
    if (this.#socket.isOpen) this.#post({ to: [id], opened: true });
    else void this.#socket.open();
  }

  #onOpen(): void {
    this.#post({ to: this.#tabs.ids, opened: true });
    const { client } = this.#socket;
    this.#parts.clock.setTimeout(() => {
      if (this.#asked || !this.#socket.isOpen || this.#socket.client !== client) return;
      this.#sayHello(true);
      this.#onOpen();
    }, HELLO_MS);
  }

  /** One hello for all tabs. @param isDue also without those that have not said theirs */
  #sayHello(isDue = false): void {
    const tabs = this.#tabs.all;
    const hellos = tabs.flatMap(({ hello }) => hello ?? []);
    if (this.#asked || !hellos.length || (!isDue && hellos.length < tabs.length)) return;
    const { positions, behind } = mergePositions(hellos);
    const rooms = [...new Set(hellos.flatMap((hello) => (behind.has(hello) ? [] : hello.rooms)))];
    this.#asked = rooms;
    for (const tab of tabs) if (behind.has(tab.hello)) this.#leaveAlone(tab);
    const { clientId, attempt } = this.#socket.client;
    const contract = hellos[0]?.contract;
    const hello = { type: "hello", clientId, attempt, contract, positions, rooms, sharing: true };
    this.#socket.write(encodeFrame(JSON.stringify(hello), { id: "h" }));
  }

  #onWelcome(welcome: Frame): void {
    const { user, sharing, channels, forgotten, limits } = welcome as unknown as ServerWelcome;
    if (!sharing || messageIdOf(user.userId, 0) !== this.#parts.user) return this.#dissolve();
    if (forgotten) this.#socket.forget();
    const messageBytes = limits.messageBytes - TAB_ID_BYTES;
    // A tab that comes back to this connection is not forgotten: undefined where the server cannot tell.
    this.#welcome = { ...welcome, forgotten: forgotten && false, limits: { ...limits, messageBytes } };
    this.#channels = new SharedChannels(channels);
    this.#sends.begin(limits);
    this.#rooms.begin(this.#channels.names, this.#asked ?? []);
    for (const tab of this.#tabs.all) this.#welcomeTab(tab);
    this.#leaveRooms("");
  }

  /** Lets a tab read on where it has stopped. */
  #welcomeTab(tab: Tab): void {
    const { hello, id, memory } = tab;
    const channels = this.#channels;
    if (!hello || tab.isWelcomed || !channels) return;
    const { client } = this.#socket;
    const own = this.#rooms.enter(id, hello.rooms, channels.names);
    const states = channels.statesFor(hello, own);
    if (!states) return this.#leaveAlone(tab);
    tab.isWelcomed = true;
    for (const [ch, { off }] of Object.entries(states)) tab.read.set(ch, off);
    const isUnknown = memory !== client.memory && hello.attempt > 1;
    const welcome = { ...this.#welcome, channels: states, ...(isUnknown && { forgotten: true }) };
    this.#post({ to: [id], frame: JSON.stringify(welcome), known: client });
    for (const frame of channels.framesFor(hello, own)) this.#post({ to: [id], frame });
  }

  #onText(text: string): void {
    this.#pingedAt = undefined;
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return;
    }
    const { re } = frame.$ ?? {};
    if (frame.type === "welcome") {
      if (re === "h") this.#onWelcome(frame);
    } else if (typeof re === "string" && re.includes(":")) this.#onAnswer(frame, re);
    else if (this.#isOfSomeRooms(frame)) this.#dissolve();
    else this.#onServerFrame(frame, text);
  }

  /** The server sends a message to several rooms once, as to a client that is in all of them: a tab may be in others. */
  #isOfSomeRooms({ type, $ }: Frame): boolean {
    return (type === "skip" || $?.also !== undefined) && (this.#tabs.size > 1 || this.#rooms.hasLeft);
  }

  /** An answer goes to the tab whose client id it names. */
  #onAnswer(frame: Frame, re: string): void {
    const [clientId = "", key = ""] = re.split(/:(.*)/s);
    this.#sends.onAnswer(re);
    const tab = this.#tabs.ofClient(clientId);
    const joined = this.#rooms.onAnswer(tab?.id, re, frame);
    if (!tab) return;
    if (joined) {
      if (!this.#channels?.has(joined.ch)) this.#channels?.set(joined.ch, joined);
      tab.read.set(joined.ch, joined.off);
    }
    const { $: _, ...message } = frame;
    this.#send([tab.id], message, { re: /^\d+$/.test(key) ? Number(key) : key });
    const list = joined && this.#channels?.listOf(joined.ch);
    if (list) this.#post({ to: [tab.id], frame: list });
  }

  #onServerFrame(frame: Frame, text: string): void {
    const { type, $ } = frame;
    const ch = channelOf(frame) ?? "";
    const position = frame as unknown as { epoch: string; off: number };
    const setsPosition = type === "gap" || type === "joined";
    const to: string[] = [];
    for (const { id, isWelcomed, read } of this.#tabs.all) {
      if (setsPosition) read.delete(ch);
      const isNews = !(Number($?.off) <= Number(read.get(ch)));
      if (isWelcomed && isNews && this.#rooms.reads(id, ch, type)) to.push(id);
    }
    if (setsPosition && ch) {
      this.#channels?.set(ch, position);
      if (type === "joined") this.#rooms.onJoined(ch);
    } else if (type === "left" && ch) {
      this.#rooms.onLeft(ch);
      this.#channels?.drop(ch);
    } else if (type === "request") this.#sends.onServerRequest(String($?.id), to.length);
    else this.#channels?.receive(frame, text);
    if (to.length) this.#post({ to, frame: text });
  }

  #onTabFrame(tab: Tab, text: string): void {
    const frame = JSON.parse(text) as Frame;
    const { $: { seq, id, ch, re } = {}, ...message } = frame;
    if (frame.type === "hello") {
      tab.hello = frame as unknown as TabHello & Frame;
      if (this.#channels) this.#welcomeTab(tab);
      else this.#sayHello();
    }
    if (!tab.isWelcomed || frame.type === "hello") return;
    if (re !== undefined) return this.#sends.onTabAnswer(frame, text);
    if (frame.type === "ping") this.#pingedAt ??= this.#parts.clock.now();
    const key = seq ?? id;
    if (key === undefined) return this.#sends.write(text, frame.type !== "ping");
    const answer = this.#rooms.onTabFrame(tab, frame, this.#tabs.size === 1);
    if (answer) return this.#send([tab.id], answer, { re: key });
    // The last tab leaves the room, so a tab that comes later has to join it.
    if (frame.type === "leave") this.#channels?.drop(channelOfRoom(String(frame["room"])));
    const sentId = `${tab.clientId}:${String(key)}`;
    const sent = encodeFrame(JSON.stringify(message), { id: sentId, ch });
    this.#sends.send(sentId, sent, seq === undefined ? frame.type : "send");
  }

  #send(to: string[], message: object, meta: FrameMeta): void {
    this.#post({ to, frame: encodeFrame(JSON.stringify(message), meta) });
  }

  #onTabClosed({ id }: Tab, code: number): void {
    const isDead = this.#pingedAt !== undefined && this.#parts.clock.now() - this.#pingedAt > ANSWER_MS;
    this.#remove(id, code);
    if (isDead) this.#lose(ABNORMAL_CLOSE, "");
  }

  /** @param code what the socket closes with after the last tab */
  #remove(id: string, code = GOING_AWAY): void {
    if (!this.#tabs.remove(id, this.#parts.clock.now())) return;
    this.#leaveRooms(id);
    this.#sayHello();
    if (!this.#tabs.size) this.#forget(code);
  }

  #leaveRooms(id: string): void {
    for (const ch of this.#rooms.exit(id)) this.#channels?.drop(ch);
  }

  /** Tabs that cannot share this connection take their own, on which each resumes. */
  #dissolve(): void {
    this.#lose(MOVED.code, MOVED.reason, true);
  }

  #leaveAlone({ id }: Tab): void {
    this.#sendAway(id);
    this.#remove(id);
  }

  #sendAway(id: string): void {
    this.#post({ to: [id], closed: MOVED, alone: true });
  }

  #lose(code: number, reason: string, alone = false): void {
    this.#post({ to: this.#tabs.ids, closed: { code, reason }, alone });
    this.#forget();
  }

  #forget(code = GOING_AWAY): void {
    this.#socket.close(code);
    this.#tabs.clear();
    this.#sends.clear();
    this.#rooms.clear();
    this.#channels = this.#welcome = this.#pingedAt = this.#asked = undefined;
  }
}
