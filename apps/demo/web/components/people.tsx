import type { PublicUser } from "@halyard/protocol";
import type { Bans } from "../chat/bans.ts";
import { useChat } from "../chat/chat-context.ts";
import { useStore } from "../hooks/use-store.ts";
import { useToasts } from "../lib/toasts.ts";
import { Avatar } from "./avatar.tsx";
import { BannedList } from "./banned-list.tsx";
import { PersonMenu } from "./person-menu.tsx";

interface PeopleProps {
  /** What only an admin has. */
  readonly moderation: Moderation | undefined;
}

interface Moderation {
  readonly bans: Bans;
  readonly onBan: (person: PublicUser) => void;
}

/** The users who are online: one entry per person, however many tabs they have open. */
export function People({ moderation }: PeopleProps) {
  const chat = useChat();
  const { self, users, connection } = chat;
  const toasts = useToasts();
  // Without a connection the last list is shown, and is marked as outdated.
  const isStale = useStore(connection).status !== "open";
  const online = useStore(users);
  const people = online.toSorted(
    (left, right) => rank(left, self.userId) - rank(right, self.userId) || compareNames(left, right),
  );
  const kick = ({ userId, name }: PublicUser) => {
    chat.kick(userId).then(
      () => toasts.show(`${name} was disconnected, and may come back.`, "done"),
      () => toasts.show(`${name} could not be disconnected.`),
    );
  };
  return (
    <section className="people" aria-label="People online" data-stale={isStale || undefined}>
      <h2>
        Online{" "}
        <span className="count" data-testid="online-count">
          {online.length}
        </span>
      </h2>
      <ul>
        {people.map((person) => (
          <li key={person.userId} className="person" data-testid="person">
            <Avatar userId={person.userId} name={person.name} />
            <span className="person-name">{person.name}</span>
            {person.userId === self.userId && <small>you</small>}
            {moderation && person.userId !== self.userId && (
              <PersonMenu
                name={person.name}
                onKick={() => kick(person)}
                onBan={() => moderation.onBan(person)}
              />
            )}
          </li>
        ))}
      </ul>
      {online.length === 1 && (
        <p className="people-hint">
          Nobody else is here. Open this page in a private window, come in as a guest, and talk to yourself.
        </p>
      )}
      {moderation && <BannedList bans={moderation.bans} />}
    </section>
  );
}

function rank({ userId }: PublicUser, selfId: string): number {
  return userId === selfId ? 0 : 1;
}

function compareNames(left: PublicUser, right: PublicUser): number {
  return left.name.localeCompare(right.name) || left.userId.localeCompare(right.userId);
}
