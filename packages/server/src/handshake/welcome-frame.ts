import type { ChannelState } from "@halyard/protocol";
import { LIMITS } from "@halyard/protocol/wire";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerContext } from "../assembly.ts";
import { publicUserJson } from "../channels/presence-view.ts";
import { profileOf } from "../connection/public-profile.ts";
import type { Replay } from "../channels/replay.ts";
import type { ChannelRequest } from "./requested-channels.ts";

// A welcome is put together from texts, as JSON without the last brace: what is everybody's is written once.

/** What begins it, and is the connection's own. */
export function ownProfileJson(
  { id, userId, identity, openedAt }: Connection,
  table: ConnectionTable,
): string {
  const guest = table.guestIdentityOf(userId) ?? { identity, openedAt };
  const profile = JSON.stringify(profileOf(guest.identity.user));
  const user = publicUserJson({ profile, since: guest.openedAt });
  return `{"type":"welcome","connectionId":${JSON.stringify(id)},"user":${user}`;
}

/** The fields of a welcome that are everybody's. */
export function limitsJson({ limits, types }: ServerContext): string {
  const terms = {
    limits: {
      messageBytes: limits.messageBytes,
      unacknowledged: LIMITS.unacknowledged,
      messagesPerSecond: limits.messagesPerSecond,
      bytesPerSecond: limits.bytesPerSecond,
    },
    heartbeat: { intervalMs: limits.heartbeatMs, timeoutMs: limits.silenceMs },
    ephemeral: types.ephemeral,
  };
  return JSON.stringify(terms).slice(1, -1);
}

/** Where each channel stands. As an object it would be one of a kind each time, for which engines make a hidden class. */
export function channelsJson(wishes: readonly ChannelRequest[], replays: readonly Replay[]): string {
  const channels: string[] = [];
  for (const { channel, position, rejectedFor } of wishes) {
    const state = stateOf(channel, replays);
    if (state !== undefined) channels.push(entryJson(channel, state));
    else if (rejectedFor === "forbidden")
      channels.push(entryJson(channel, { epoch: "-", off: 0, ...position, recovered: "forbidden" }));
  }
  return `{${channels.join(",")}}`;
}

function stateOf(wanted: string, replays: readonly Replay[]): ChannelState | undefined {
  for (const { channel, state } of replays) if (channel === wanted) return state;
  return undefined;
}

function entryJson(channel: string, state: ChannelState): string {
  return `${JSON.stringify(channel)}:${JSON.stringify(state)}`;
}
