// The clients, and the users with all of their devices, that do not get a message. Made by the message publisher, stored in
// front of the message (envelope.ts), and checked for each reader by channels and replays.
// Guarantee: the exclusion names clients, not connections, so that a sender that reconnects does not get its own message.

/** One page of a user, across all of its connections. */
interface Client {
  readonly user: string;
  readonly client: string;
}

/** The key of a client. A user id may contain any character; a client id contains no NUL. */
export function clientKey(ref: Client): string {
  return `${ref.client}\0${ref.user}`;
}

/** Whether a {@link clientKey} belongs to this client. Called for every subscriber, so it allocates nothing. */
export function matchesClientKey(key: string, ref: Client): boolean {
  const { user, client } = ref;
  return (
    key.length === client.length + 1 + user.length &&
    key.charCodeAt(client.length) === 0 &&
    key.startsWith(client) &&
    key.endsWith(user)
  );
}

/** The clients and users that do not get one message. */
export class Exclusion {
  /** Each a {@link clientKey}. */
  readonly clients: readonly string[];
  readonly users: readonly string[];
  /** The excluded client when there is only one, which is the usual case. */
  readonly only: string | undefined;
  #users: ReadonlySet<string> | undefined = undefined;
  #clients: ReadonlySet<string> | undefined = undefined;

  constructor(clients: readonly string[], users: readonly string[] = []) {
    this.clients = clients;
    this.users = users;
    this.only = clients.length === 1 && users.length === 0 ? clients[0] : undefined;
  }

  has(ref: Client): boolean {
    if (this.only !== undefined) return matchesClientKey(this.only, ref);
    this.#users ??= new Set(this.users);
    if (this.#users.has(ref.user)) return true;
    if (this.clients.length === 0) return false;
    this.#clients ??= new Set(this.clients);
    return this.#clients.has(clientKey(ref));
  }
}
