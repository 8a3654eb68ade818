import type { PublicUser } from "@halyard/protocol";
import { Fragment, memo } from "react";
import { useClient, useConnection, usePresence } from "../chat/halyard.ts";
import type { Bans } from "../chat/use-bans.ts";
import { useRoles } from "../chat/use-roles.ts";
import { useTabCounts } from "../chat/use-tabs.ts";
import { problemText } from "../lib/problem-text.ts";
import { useToasts } from "../lib/toasts.ts";
import { Avatar } from "./avatar.tsx";
import { BannedList } from "./banned-list.tsx";
import { tabsText } from "./device-list.tsx";
import { OwnTabs } from "./own-tabs.tsx";
import { PersonMenu } from "./person-menu.tsx";
import { RoleMark } from "./role-mark.tsx";

interface PeopleProps {
  readonly selfId: string;
  /** The actions of an admin; undefined for other users. */
  readonly bans: Bans | undefined;
  readonly onBan: (person: PublicUser) => void;
}

/** The users who are online, with one entry per user for any number of tabs. */
export const People = memo(function People({ selfId, bans, onBan }: PeopleProps) {
  const client = useClient();
  const toasts = useToasts();
  // Without a connection, the last list is shown and marked as outdated.
  const isStale = useConnection(({ status }) => status !== "open");
  const online = usePresence();
  const roles = useRoles(online.map(({ userId }) => userId));
  const tabs = useTabCounts();
  const people = online.toSorted(
    (left, right) => rank(left, selfId) - rank(right, selfId) || compareNames(left, right),
  );
  const kick = ({ userId, name }: PublicUser) => {
    client.request("kick", { userId }).then(
      () => toasts.show(`${name} was disconnected, and may reconnect.`, "done"),
      (error: unknown) => toasts.show(`${name} could not be disconnected: ${problemText(error)}`),
    );
  };
  return (
    // A region that scrolls must be reachable by keyboard.
    <section className="people" aria-label="Users online" tabIndex={0} data-stale={isStale || undefined}>
      <h2>
        {isStale ? "Last seen online" : "Online"}{" "}
        <span className="count" data-testid="online-count">
          {online.length}
        </span>
      </h2>
      <ul>
        {people.map((person) => (
          <Fragment key={person.userId}>
            <li className="person" data-testid="person" data-own={person.userId === selfId || undefined}>
              <Avatar userId={person.userId} name={person.name} />
              <span className="person-name" dir="auto">
                {person.name}
              </span>
              <RoleMark role={roles.get(person.userId)} isOwn={person.userId === selfId} />
              {person.userId !== selfId && <TabCount count={tabs.get(person.userId) ?? 1} />}
              {bans && person.userId !== selfId && (
                <PersonMenu name={person.name} onKick={() => kick(person)} onBan={() => onBan(person)} />
              )}
            </li>
            {person.userId === selfId && (
              <li className="own-tabs">
                <OwnTabs />
              </li>
            )}
          </Fragment>
        ))}
      </ul>
      {online.length === 1 && (
        <p className="people-hint">
          No other user is online. To try the chat with two users, open this page in a private window and sign
          in as a guest.
        </p>
      )}
      {bans && <BannedList bans={bans} />}
    </section>
  );
});

/** The number of tabs of a user. Empty for one tab. */
function TabCount({ count }: { readonly count: number }) {
  return count > 1 && <small className="person-tabs">{tabsText(count)}</small>;
}

function rank({ userId }: PublicUser, selfId: string): number {
  return userId === selfId ? 0 : 1;
}

function compareNames(left: PublicUser, right: PublicUser): number {
  return left.name.localeCompare(right.name) || left.userId.localeCompare(right.userId);
}
