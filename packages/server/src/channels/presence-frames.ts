// The frames of one presence list: the list, and what has changed. Called by presence-view.ts.
// The profile of a user is stored as text, so that it is encoded once.
import { encodeFrame } from "@halyard/protocol/wire";
import type { RosterEntry, RosterPage } from "../backplane.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Clock } from "../types.ts";

/** Which list the frames are about. */
export interface PresenceScope {
  readonly room: string | undefined;
  readonly channel: string;
}

/** What a view works with. */
export interface PresenceViewOptions extends PresenceScope {
  readonly clock: Clock;
  readonly batchMs: number;
  readonly firstPage: () => Promise<RosterPage>;
  readonly onError: (error: unknown) => void;
}

export function listFrame(scope: PresenceScope, page: RosterPage): OutboundFrame {
  const users = `[${page.entries.map(publicUserJson).join(",")}]`;
  const cursorField = page.cursor === undefined ? "" : `,"cursor":${JSON.stringify(page.cursor)}`;
  return frame(scope, "user_list", `"users":${users},"total":${String(page.total)}${cursorField}`);
}

export function joinedFrame(scope: PresenceScope, users: readonly string[], total: number): OutboundFrame {
  return frame(scope, "user_joined", `"users":[${users.join(",")}],"total":${String(total)}`);
}

export function leftFrame(scope: PresenceScope, userIds: readonly string[], total: number): OutboundFrame {
  return frame(scope, "user_left", `"userIds":[${userIds.join(",")}],"total":${String(total)}`);
}

function frame({ room, channel }: PresenceScope, type: string, fields: string): OutboundFrame {
  const roomField = room === undefined ? "" : `"room":${JSON.stringify(room)},`;
  return new OutboundFrame(encodeFrame(`{"type":"${type}",${roomField}${fields}}`, { ch: channel }));
}

/** The public fields of a user as JSON text. */
export function publicUserJson({ profile, since }: Pick<RosterEntry, "profile" | "since">): string {
  return `${profile.slice(0, -1)},"connectedAt":"${new Date(since).toISOString()}"}`;
}
