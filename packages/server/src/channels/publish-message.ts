// How a message goes to the backplane. Called by the channel hub, and by a publisher, which has no hub.
import type { Backplane, HistoryBounds, PublishedWork, PublishResult } from "../backplane.ts";
import type { Clock } from "../types.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import { repeatWhileUnavailable } from "../utils/repeated-calls.ts";
import { encodeEnvelope } from "./envelope.ts";
import type { Envelope } from "./envelope.ts";

/** A message to publish on a channel. */
export interface ChannelMessageInput extends Envelope {
  readonly ephemeral: boolean;
  readonly idempotencyKey?: string | undefined;
  /** The user who wrote it. */
  readonly author?: string | undefined;
}

export interface PublishingParts {
  readonly backplane: Pick<Backplane, "publish">;
  readonly clock: Clock;
  readonly retention: HistoryBounds;
}

/** What the history of a channel stores of a message. */
export function toStored(
  { retention: history }: Pick<PublishingParts, "retention">,
  channel: string,
  message: ChannelMessageInput,
): Omit<PublishedWork, "result"> {
  return { channel, data: encodeEnvelope(message), history };
}

/** Publishes a message; one with a key again and again while its outcome is not known, for 10 s. */
export function publishMessage(
  { backplane, clock, retention }: PublishingParts,
  channel: string,
  message: ChannelMessageInput,
): Promise<PublishResult> {
  const { author, idempotencyKey } = message;
  const data = encodeEnvelope(message);
  const attempts = idempotencyKey === undefined ? undefined : {};
  const history = message.ephemeral ? (false as const) : retention;
  const options = { history, idempotencyKey, author, attempts };
  const published = backplane.publish(channel, data, options);
  // Without a key, a message that was stored and whose reply was lost would be stored again.
  if (idempotencyKey === undefined || unwrapResolved(published) !== published) return published;
  const publish = (): Promise<PublishResult> => backplane.publish(channel, data, options);
  return published.catch((error: unknown) => repeatWhileUnavailable(error, publish, clock));
}
