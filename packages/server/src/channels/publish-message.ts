// Passes a message to the backplane. Called by the channel hub, and by publishers, which have no hub.
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

/** The form in which the history of a channel stores a message. */
export function toStored(
  { retention: history }: Pick<PublishingParts, "retention">,
  channel: string,
  message: ChannelMessageInput,
): Omit<PublishedWork, "result"> {
  return { channel, data: encodeEnvelope(message), history };
}

/** Publishes a message. With a key, the publish is repeated for up to 10 s while its outcome is unknown. */
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
  // Without a key, repeating a publish whose reply was lost could store the message twice.
  if (idempotencyKey === undefined || unwrapResolved(published) !== published) return published;
  const publish = (): Promise<PublishResult> => backplane.publish(channel, data, options);
  return published.catch((error: unknown) => repeatWhileUnavailable(error, publish, clock));
}
