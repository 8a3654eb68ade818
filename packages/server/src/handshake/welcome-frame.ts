// Composes the JSON text of a welcome; the part that is the same for all connections is encoded once.
// Called by WelcomeSender.
// Guarantee: the text has no closing brace, so that `"$"` can be appended without a copy.
import { isPromise } from "@halyard/protocol/internal";
import type { ChannelState } from "@halyard/protocol";
import { LIMITS } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import type { AnyConfig } from "../config.ts";
import { publicUserJson } from "../presence/presence-frames.ts";
import type { Replay } from "../channels/replay.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { Connection } from "../connection/connection.ts";
import { noteBegunWork, UnfinishedWelcome } from "../availability/unfinished-welcome.ts";
import { profileOf } from "../connection/public-profile.ts";
import type { ServerLimits } from "../limits.ts";
import type { MessageTypeRegistry } from "../messages/message-types.ts";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";
import { isUnavailable } from "../utils/errors.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { ChannelRequest } from "./requested-channels.ts";

/** The dependencies of {@link WelcomeFrame}. */
export interface WelcomeFrameParts {
  readonly backplane: Backplane;
  readonly echoToSender?: AnyConfig["echoToSender"];
  readonly connections: ConnectionTable;
  readonly limits: ServerLimits;
  readonly monitor: Pick<BackplaneMonitor, "isAway" | "suspect">;
  readonly types: MessageTypeRegistry;
}

/** Writes welcomes as JSON. */
export class WelcomeFrame {
  readonly #parts: WelcomeFrameParts;
  /** Created with the first welcome, when the application has added its handlers. */
  #limitsJson: string | undefined;

  constructor(parts: WelcomeFrameParts) {
    this.#parts = parts;
  }

  /**
   * Whether the client's used sequence numbers are forgotten; undefined if the backplane cannot tell, and for a client without
   * numbers. While the backplane is away, none of the client's operations run until this is known.
   */
  hasForgotten(connection: Connection): MaybePromise<boolean | undefined> {
    const { attempt, client, id, isV1 } = connection;
    if (!isV1) return undefined;
    if (attempt === 1) return false;
    const { backplane, monitor } = this.#parts;
    if (monitor.isAway) return this.#askLater(connection);
    if (backplane.recall === undefined) return undefined;
    const begun = backplane.recall(client, id);
    if (!isPromise(begun)) return noteBegunWork(connection, begun);
    return repeatOnce(begun, () => backplane.recall?.(client, id)).then(
      (recalled) => noteBegunWork(connection, recalled),
      (error: unknown) => {
        if (!isUnavailable(error)) throw error;
        return this.#askLater(connection);
      },
    );
  }

  #askLater(connection: Connection): undefined {
    (connection.unfinished ??= new UnfinishedWelcome()).askForMemory();
    this.#parts.monitor.suspect();
  }

  /** The text without the closing brace. */
  openJson(connection: Connection, { requests, replays, forgotten }: WelcomeFields): string {
    this.#limitsJson ??= limitsJson(this.#parts);
    const profile = ownProfileJson(connection, this.#parts.connections);
    const mark = forgotten === undefined ? "" : `"forgotten":${String(forgotten)},`;
    return `${profile},${this.#limitsJson},${mark}"channels":${channelsJson(requests, replays)}`;
  }
}

/** The fields of a welcome about channels and sequence numbers. */
interface WelcomeFields {
  readonly requests: readonly ChannelRequest[];
  readonly replays: readonly Replay[];
  /** From {@link WelcomeFrame.hasForgotten}. */
  readonly forgotten: boolean | undefined;
}

/** The fields about the connection and its user, with the opening brace. */
function ownProfileJson(
  { id, userId, identity, openedAt }: Connection,
  connections: ConnectionTable,
): string {
  const guest = connections.guestIdentityOf(userId) ?? { identity, openedAt };
  const profile = JSON.stringify(profileOf(guest.identity.user));
  const user = publicUserJson({ profile, since: guest.openedAt });
  return `{"type":"welcome","connectionId":${JSON.stringify(id)},"user":${user}`;
}

/** The fields that are the same for all connections. */
function limitsJson({
  echoToSender,
  limits,
  types,
}: Pick<WelcomeFrameParts, "echoToSender" | "limits" | "types">): string {
  const fields = {
    limits: {
      messageBytes: limits.messageBytes,
      // Not more than wait at the server, which would refuse the others.
      unacknowledged: Math.floor(
        Math.min(LIMITS.unacknowledged, limits.waitingSends, limits.userWaitingSends),
      ),
      messagesPerSecond: limits.messagesPerSecond,
      bytesPerSecond: limits.bytesPerSecond,
      messageBurst: limits.messageBurst,
      byteBurst: limits.byteBurst,
      joinsPerSecond: limits.joinsPerSecond,
      joinBurst: limits.joinBurst,
      chatPerSecond: limits.chatPerSecond,
      chatBurst: limits.chatBurst,
      pingsPerSecond: limits.pingsPerSecond,
      rooms: limits.rooms,
      requests: limits.runningRequests + limits.waitingRequests,
    },
    heartbeat: { intervalMs: limits.heartbeatMs, timeoutMs: limits.silenceMs },
    ephemeral: types.ephemeral,
    // A message that excludes its sender excludes a connection, and so would exclude all tabs that share it.
    sharing: echoToSender !== false,
  };
  return JSON.stringify(fields, toFinite).slice(1, -1);
}

/** JSON has no infinity, so an unlimited rate becomes a number that no client reaches. */
function toFinite(_name: string, value: unknown): unknown {
  return value === Infinity ? Number.MAX_SAFE_INTEGER : value;
}

/**
 * The position of each channel, composed as text: an object with channel names as keys would have different keys for each
 * user, and engines create a hidden class for each set of keys.
 */
function channelsJson(requests: readonly ChannelRequest[], replays: readonly Replay[]): string {
  const channels: string[] = [];
  for (const { channel, position, rejectedFor, isPending } of requests) {
    const recovered = isPending === true ? "pending" : rejectedFor;
    const state = stateOf(channel, replays);
    if (state !== undefined) channels.push(entryJson(channel, state));
    else if (recovered === "forbidden" || recovered === "pending")
      channels.push(entryJson(channel, { epoch: "-", off: 0, ...position, recovered }));
  }
  return `{${channels.join(",")}}`;
}

function stateOf(name: string, replays: readonly Replay[]): ChannelState | undefined {
  for (const { channel, state } of replays) if (channel === name) return state;
  return undefined;
}

function entryJson(channel: string, state: ChannelState): string {
  return `${JSON.stringify(channel)}:${JSON.stringify(state)}`;
}
