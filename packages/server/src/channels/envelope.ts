/**
 * What a channel's log stores: the message's JSON text, and the client that is left out, if any. A prefix and not a
 * JSON object, so that the text is ready for the wire as it is.
 */
export interface Envelope {
  readonly json: string;
  /** A `clientKey`; not a connection, so that a sender who reconnects does not get its own message back. */
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

/** Names a client for {@link Envelope.excludedClient}. A user id may contain anything; a client id has no NUL. */
export function clientKey(ref: { readonly user: string; readonly client: string }): string {
  return `${ref.client}\0${ref.user}`;
}

/** Whether a {@link clientKey} is this client's; asked for every reader, so it makes no text. */
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
