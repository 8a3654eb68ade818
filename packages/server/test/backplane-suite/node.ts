import type {
  Backplane,
  BackplaneHandlers,
  PresenceEvent,
  Publication,
  PublishOptions,
  PublishResult,
} from "../../src/backplane.ts";

export const HISTORY = { messages: 1_000, bytes: 1024 * 1024, ms: 300_000 };

/** One node of a test: its backplane, and what it has heard. */
export class Node implements BackplaneHandlers {
  readonly backplane: Backplane;
  readonly publications: Publication[] = [];
  readonly ephemeral: { readonly channel: string; readonly data: string }[] = [];
  readonly notices: string[] = [];
  readonly interrupted: string[] = [];
  readonly #presence: PresenceEvent[] = [];

  constructor(backplane: Backplane) {
    this.backplane = backplane;
  }

  publish(channel: string, data: string, options: Partial<PublishOptions> = {}): Promise<PublishResult> {
    return this.backplane.publish(channel, data, { history: HISTORY, ...options });
  }

  /** The texts of a channel that were heard, in order. */
  texts(channel: string): string[] {
    return this.publications.filter((each) => each.channel === channel).map(({ data }) => data);
  }

  /** `+user`, `-user`, and `=user` for a profile that changed, in one place, since the last time. */
  transitions(room: string | undefined): string[] {
    const said = this.#presence.filter((event) => event.room === room).map(toText);
    this.#presence.length = 0;
    return said;
  }

  onPublication(publication: Publication): void {
    this.publications.push(publication);
  }

  onEphemeral(channel: string, data: string): void {
    this.ephemeral.push({ channel, data });
  }

  onInterrupted(channels: readonly string[]): void {
    this.interrupted.push(...channels);
  }

  onPresence(events: readonly PresenceEvent[]): void {
    this.#presence.push(...events);
  }

  onNotice(data: string): void {
    this.notices.push(data);
  }
}

function toText(event: PresenceEvent): string {
  if (event.kind === "left") return `-${event.user}`;
  return `${event.isNew ? "+" : "="}${event.entry.user}`;
}
