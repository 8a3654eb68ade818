import type { DeliveryEvent } from "./delivery-event.ts";

type PresenceEvent = Extract<DeliveryEvent, { type: "presence" }>;

/** Who is there, as each client knows it: by channel, then by client. */
export class Rosters {
  readonly #channels = new Map<string, Map<string, Set<string>>>();

  /** @returns what is wrong, in words */
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

  /** @returns which clients know something else, and what */
  compare(
    channel: string,
    users: readonly string[],
  ): { readonly client: string; readonly message: string }[] {
    const truth = new Set(users);
    return [...(this.#channels.get(channel) ?? [])].flatMap(([client, roster]) => {
      const ghosts = [...roster].filter((user) => !truth.has(user));
      const unseen = users.filter((user) => !roster.has(user));
      if (ghosts.length + unseen.length === 0) return [];
      const message = `not there, but listed: ${list(ghosts)}; there, but not listed: ${list(unseen)}`;
      return [{ client, message }];
    });
  }

  /** @param channel @default every one */
  forget(client: string, channel?: string): void {
    if (channel !== undefined) this.#channels.get(channel)?.delete(client);
    else for (const clients of this.#channels.values()) clients.delete(client);
  }
}

function list(users: readonly string[]): string {
  const shown = users.slice(0, 5).join(", ");
  return users.length > 5 ? `${shown} and ${users.length - 5} more` : shown || "nobody";
}
