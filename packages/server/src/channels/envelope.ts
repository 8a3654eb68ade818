/**
 * What the log of a channel stores: the JSON text of a message, and the client that does not get it. The client is a
 * prefix and not a JSON field, so that the text needs no parsing before it is sent.
 */
export interface Envelope {
  readonly json: string;
  /** A `clientKey`. A client and not a connection, so that a sender that reconnects does not get its own message. */
  readonly excludedClient: string | undefined;
}

export function encodeEnvelope({ json, excludedClient }: Envelope): string {
  return excludedClient === undefined ? json : `x${String(excludedClient.length)}:${excludedClient}${json}`;
}

export function decodeEnvelope(data: string): Envelope {
  if (!data.startsWith("x")) return { json: data, excludedClient: undefined };
  const colon = data.indexOf(":");
  const start = colon + 1 + Number(data.slice(1, colon));
  return { json: data.slice(start), excludedClient: data.slice(colon + 1, start) };
}

/** The key of a client in {@link Envelope.excludedClient}. A user id may contain any character; a client id contains no NUL. */
export function clientKey(ref: { readonly user: string; readonly client: string }): string {
  return `${ref.client}\0${ref.user}`;
}

/** Whether a {@link clientKey} belongs to this client. Called for every subscriber, so it allocates nothing. */
export function matchesClientKey(
  key: string,
  ref: { readonly user: string; readonly client: string },
): boolean {
  const { user, client } = ref;
  return (
    key.length === client.length + 1 + user.length &&
    key.charCodeAt(client.length) === 0 &&
    key.startsWith(client) &&
    key.endsWith(user)
  );
}
