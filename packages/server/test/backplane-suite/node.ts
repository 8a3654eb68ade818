import type {
  Backplane,
  BackplaneHandlers,
  PresenceEvent,
  Publication,
  PublishOptions,
  PublishResult,
  Revocation,
} from "../../src/backplane.ts";

export const HISTORY = { messages: 1_000, bytes: 1024 * 1024, ms: 300_000 };

/** One node of a test: its backplane, and what the backplane delivered to it. */
export class Node implements BackplaneHandlers {
  readonly backplane: Backplane;
  readonly publications: Publication[] = [];
  readonly ephemeral: { readonly channel: string; readonly data: string }[] = [];
  readonly notices: string[] = [];
  readonly messages: string[] = [];
  readonly revoked: Revocation[] = [];
  /** Channels, and `*` for all. */
  readonly interrupted: string[] = [];
  fenced = 0;
  readonly #presence: PresenceEvent[] = [];

  constructor(backplane: Backplane) {
    this.backplane = backplane;
  }

  publish(channel: string, data: string, options: Partial<PublishOptions> = {}): Promise<PublishResult> {
    return this.backplane.publish(channel, data, { history: HISTORY, ...options });
  }

  /** The texts that a channel delivered, in order. */
  texts(channel: string): string[] {
    return this.publications.filter((each) => each.channel === channel).map(({ data }) => data);
  }

  /** The presence events of a room since the last call of {@link transitions}. */
  events(room: string | undefined): PresenceEvent[] {
    return this.#presence.filter((event) => event.room === room);
  }

  /** As {@link transitions}, with the states: `+user {"x":1}`, and `~user {"x":2}` where the state alone has changed. */
  states(room: string | undefined): string[] {
    const texts = this.#presence.filter((event) => event.room === room).map(toTextWithState);
    this.#presence.length = 0;
    return texts;
  }

  /** The transitions in a room since the last call: `+user`, `-user`, and `=user` for a changed profile. */
  transitions(room: string | undefined): string[] {
    const transitions = this.#presence.filter((event) => event.room === room).map(toText);
    this.#presence.length = 0;
    return transitions;
  }

  onPublication(publication: Publication): void {
    this.publications.push(publication);
  }

  onEphemeral(channel: string, data: string): void {
    this.ephemeral.push({ channel, data });
  }

  onInterrupted(channels: readonly string[] | "all"): void {
    this.interrupted.push(...(channels === "all" ? ["*"] : channels));
  }

  onPresence(events: readonly PresenceEvent[]): void {
    this.#presence.push(...events);
  }

  onNotice(data: string): void {
    this.notices.push(data);
  }

  onMessage(data: string): void {
    this.messages.push(data);
  }

  onRevoked(mark: Revocation): void {
    this.revoked.push(mark);
  }

  onFenced(): void {
    this.fenced++;
  }
}

function toText(event: PresenceEvent): string {
  if (event.kind === "left") return `-${event.user}`;
  return `${event.isNew ? "+" : "="}${event.entry.user}`;
}

function toTextWithState(event: PresenceEvent): string {
  if (event.kind === "left") return toText(event);
  const { entry, isStateOnly } = event;
  return `${isStateOnly === true ? `~${entry.user}` : toText(event)} ${entry.state ?? "-"}`;
}
