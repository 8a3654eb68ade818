// Encodes the frames of one presence list: the list and its changes. Called by presence-view.ts and presence-announcer.ts.
// The profile and the state of a user are stored as text, so that they are encoded once.

import type { RosterEntry, RosterPage } from "../backplane.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { RefreshedFrame } from "../delivery/refreshed-frame.ts";
import type { Recipient } from "../delivery/transport.ts";
import { encodeFrame } from "@halyard/protocol/wire";

/** Which list the frames are about. */
export interface PresenceScope {
  readonly room: string | undefined;
  readonly channel: string;
}

/** How many characters of users one frame carries. In UTF-8 they may take three times as many bytes, of at most 1 MiB. */
const MAX_CHARS = 256 * 1024;

/** @param states how many users, from the first one on, are listed with their states */
export function listFrame(scope: PresenceScope, page: RosterPage, states: number): OutboundFrame {
  const users = page.entries.map((entry, index) => publicUserJson(entry, index < states));
  const cursorField = page.cursor === undefined ? "" : `,"cursor":${JSON.stringify(page.cursor)}`;
  const fields = `"users":[${users.join(",")}],"total":${String(page.total)}${cursorField}`;
  return new OutboundFrame(text(scope, "user_list", fields));
}

export function joinedFrame(scope: PresenceScope, users: readonly string[], total: number): OutboundFrame {
  return new OutboundFrame(joinedText(scope, users, total));
}

export function leftFrame(scope: PresenceScope, userIds: readonly string[], total: number): OutboundFrame {
  const fields = `"userIds":${JSON.stringify(userIds)},"total":${String(total)}`;
  return new OutboundFrame(text(scope, "user_left", fields));
}

/** Only changes of states, instead of which a slow reader gets a list later. */
export function stateFrame(
  scope: PresenceScope,
  { users, total }: { readonly users: readonly string[]; readonly total: number },
  onDropped: (reader: Recipient) => void,
): OutboundFrame {
  return new RefreshedFrame(joinedText(scope, users, total), onDropped);
}

function joinedText(scope: PresenceScope, users: readonly string[], total: number): string {
  return text(scope, "user_joined", `"users":[${users.join(",")}],"total":${String(total)}`);
}

function text({ room, channel }: PresenceScope, type: string, fields: string): string {
  const roomField = room === undefined ? "" : `"room":${JSON.stringify(room)},`;
  return encodeFrame(`{"type":"${type}",${roomField}${fields}}`, { ch: channel });
}

/** The public fields and the state of a user as JSON text. */
export function publicUserJson(
  { profile, since, state }: Pick<RosterEntry, "profile" | "since" | "state">,
  withState = false,
): string {
  const stateField = withState && state !== undefined ? `,"presence":${state}` : "";
  return `${profile.slice(0, -1)},"connectedAt":"${new Date(since).toISOString()}"${stateField}}`;
}

/** Splits users, as JSON texts, into groups that each fit a frame. */
export function groupsOf(users: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let chars = Infinity;
  for (const user of users) {
    chars += user.length;
    if (chars > MAX_CHARS) {
      groups.push([]);
      chars = user.length;
    }
    groups.at(-1)?.push(user);
  }
  return groups;
}
