// The sockets of a client that shares its connection with other tabs. Loaded with the option `share`, and only then.
// Created by the reconnector, for which each is a WebSocket like any other.
// Where tabs cannot share, because of the browser, the server or the user, a socket is one of the platform.
import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import type { AttemptSettings, WebSocketClientOptions } from "../options.ts";
import { listenTo } from "./leader-socket.ts";
import { TabGroup } from "./tab-group.ts";
import type { GroupSocket } from "./tab-group.ts";
import type { SharingPlatform } from "./sharing-parts.ts";

type PlatformSocket = new (url: string, protocols: string[]) => WebSocket;

interface TabParts {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  readonly WebSocket: PlatformSocket;
  readonly platform: SharingPlatform;
  /** Whether the tab signs in by more than the cookies of the browser. */
  readonly hasOwnCredentials: boolean;
}

/** What the sockets of one client have in common. */
class Tab {
  readonly parts: TabParts;
  /** The newest socket, which alone may leave the group. */
  current: SharedSocket | undefined;
  #group: TabGroup | undefined;

  constructor(parts: TabParts) {
    this.parts = parts;
  }

  /** The group in which the socket is to open; undefined for a socket of the tab's own. */
  async groupFor(url: string, protocols: readonly string[]): Promise<TabGroup | undefined> {
    const { current } = this;
    const { hasOwnCredentials, platform, ...parts } = this.parts;
    const { BroadcastChannel, document, navigator } = platform;
    const { locks } = navigator;
    const group = this.#group;
    if (group?.takeAlone()) return undefined;
    // There is a new leader. All tabs have the cookies of the browser, and the leader's welcome names their user.
    if (group?.hasLeft === false && !hasOwnCredentials) return group;
    // A page that is not secure has none.
    if (!locks || !BroadcastChannel) return undefined;
    // A sandboxed page has locks that reject.
    const user = await locks
      .query()
      .then(() => this.#askUser(url, protocols))
      .catch(() => undefined);
    // A newer socket has a group of its own, which would be lost.
    if (this.current !== current) return undefined;
    const { contract } = parts.options;
    const name = `${SUBPROTOCOL}.1:${url.replace(/c=[^&]*&a=\d+&?/, "")}:${String(contract)}:${String(user)}`;
    const isSame = group?.name === name;
    if (group && isSame && !group.hasLeft) return group;
    group?.leave();
    if (user === undefined) return undefined;
    const groupParts = { ...parts, BroadcastChannel, document, locks, name, user };
    return (this.#group = new TabGroup(groupParts, isSame ? group.known : undefined));
  }

  /** The server names the user of this tab's own cookie or ticket, so that two users never share. */
  async #askUser(url: string, protocols: readonly string[]): Promise<string | undefined> {
    const { fetch } = this.parts.options;
    if (!fetch) return undefined;
    const ticket = protocols.find((protocol) => protocol.startsWith(TICKET_PREFIX));
    const headers: Record<string, string> = ticket
      ? { "halyard-ticket": ticket.slice(TICKET_PREFIX.length) }
      : {};
    const question = url.replace("ws", "http").replace(/c=[^&]*&a=\d+/, "halyard=user");
    const answer = await fetch(question, { credentials: "include", headers });
    return answer.headers.get("halyard-user") ?? undefined;
  }
}

/** A socket in the shared connection, or around one of the platform. */
class SharedSocket extends EventTarget implements GroupSocket {
  readonly id: string;
  readyState = 0;
  readonly #tab: Tab;
  #target: { send(text: string): void; close(code: number): void } | undefined;

  constructor(tab: Tab, url: string, protocols: string[]) {
    super();
    this.#tab = tab;
    tab.current = this;
    this.id = url.replace(/.*?c=([^&]*)&a=(\d+).*/s, "$1.$2");
    void this.#start(url, protocols);
  }

  send(text: string): void {
    this.#target?.send(text);
  }

  close(code = 1000): void {
    this.readyState = 3;
    this.#target?.close(code);
    this.#target = undefined;
  }

  onOpen(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  onText(data: string): void {
    if (this.readyState === 1) this.dispatchEvent(new MessageEvent("message", { data }));
  }

  onClose(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }

  async #start(url: string, protocols: string[]): Promise<void> {
    const tab = this.#tab;
    const group = await tab.groupFor(url, protocols).catch(() => undefined);
    if (this.readyState === 3) {
      if (tab.current === this) group?.leave();
    } else if (group) this.#target = group.attach(this, url);
    else await this.#openOwn(tab.parts, url, protocols);
  }

  /** The question for the user may have used up the ticket. */
  async #openOwn({ options, WebSocket }: TabParts, url: string, protocols: string[]): Promise<void> {
    try {
      const [first = "", ticket] = protocols;
      const offered = ticket ? [first, TICKET_PREFIX + String(await options.ticket?.())] : protocols;
      if (this.readyState === 3) return;
      const socket = new WebSocket(url, offered);
      this.#target = socket;
      listenTo(socket, this);
    } catch {
      this.onClose(1006, "");
    }
  }
}

interface ShareSocketsParts {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  /** Those of the reconnector, which creates shared sockets from then on. */
  readonly settings: AttemptSettings;
  /** @default globalThis */
  readonly platform?: SharingPlatform;
}

/** Makes the sockets of a client shared ones. */
export function shareSockets({ clock, options, settings, platform = globalThis }: ShareSocketsParts): void {
  const { WebSocket = globalThis.WebSocket } = options;
  // A WebSocket class of the application's may send credentials that the platform's fetch does not have.
  const fetch = options.fetch ?? (options.WebSocket ? undefined : globalThis.fetch);
  const tab = new Tab({
    clock,
    options: { ...options, fetch },
    WebSocket: WebSocket as PlatformSocket,
    platform,
    hasOwnCredentials: !!(options.ticket ?? options.fetch ?? options.WebSocket),
  });
  const NextSocket = function (url: string, protocols: string[]) {
    return new SharedSocket(tab, url, protocols);
  };
  Object.assign(settings, { fetch, WebSocket: NextSocket });
}
