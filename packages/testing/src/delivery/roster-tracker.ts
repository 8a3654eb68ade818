import type { DeliveryEvent } from "./delivery-event.ts";

type PresenceEvent = Extract<DeliveryEvent, { type: "presence" }>;

/** The users of each channel as each client knows them: by channel, then by client. */
export class RosterTracker {
  readonly #channels = new Map<string, Map<string, Set<string>>>();

  /** Applies one presence event. @returns the contradictions, in words */
  change({ client, channel, change, users }: PresenceEvent): string[] {
    const clients = this.#channels.get(channel) ?? new Map<string, Set<string>>();
    this.#channels.set(channel, clients);
    if (change === "list") {
      clients.set(client, new Set(users));
      return [];
    }
    const roster = clients.get(client);
    if (!roster) return [`${change} before there was a list`];
    const isJoin = change === "joined";
    const wrong = users.filter((user) => roster.has(user) === isJoin);
    for (const user of users) {
      if (isJoin) roster.add(user);
      else roster.delete(user);
    }
    return wrong.map((user) => `${user} ${change}, and was ${isJoin ? "there" : "not there"} already`);
  }

  /** Compares every client with the true list. @returns the clients that differ, and how */
  compare(
    channel: string,
    users: readonly string[],
  ): { readonly client: string; readonly message: string }[] {
    const truth = new Set(users);
    return [...(this.#channels.get(channel) ?? [])].flatMap(([client, roster]) => {
      const extra = [...roster].filter((user) => !truth.has(user));
      const missing = users.filter((user) => !roster.has(user));
      if (extra.length + missing.length === 0) return [];
      const message = `not there, but listed: ${list(extra)}; there, but not listed: ${list(missing)}`;
      return [{ client, message }];
    });
  }

  /** Drops what a client knows. @param channel @default every channel */
  forget(client: string, channel?: string): void {
    if (channel !== undefined) this.#channels.get(channel)?.delete(client);
    else for (const clients of this.#channels.values()) clients.delete(client);
  }
}

function list(users: readonly string[]): string {
  const shown = users.slice(0, 5).join(", ");
  return users.length > 5 ? `${shown} and ${users.length - 5} more` : shown || "nobody";
}
