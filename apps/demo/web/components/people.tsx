import type { PublicUser } from "@halyard/protocol";
import { useChat } from "../chat/chat-context.ts";
import { useStore } from "../hooks/use-store.ts";
import { Avatar } from "./avatar.tsx";

/** Who is online: one entry per person, however many tabs they have open. */
export function People() {
  const { self, users, connection } = useChat();
  // What was last heard is shown, and shown as such, until there is a connection to hear more.
  const isStale = useStore(connection).status !== "open";
  const online = useStore(users);
  const people = online.toSorted(
    (left, right) => rank(left, self.userId) - rank(right, self.userId) || compareNames(left, right),
  );
  return (
    <section className="people" aria-label="People online" data-stale={isStale || undefined}>
      <h2>
        Online{" "}
        <span className="count" data-testid="online-count">
          {online.length}
        </span>
      </h2>
      <ul>
        {people.map(({ userId, name }) => (
          <li key={userId} className="person" data-testid="person">
            <Avatar userId={userId} name={name} />
            <span className="person-name">{name}</span>
            {userId === self.userId && <small>you</small>}
          </li>
        ))}
      </ul>
      {online.length === 1 && (
        <p className="people-hint">
          Nobody else is here. Open this page in a private window, come in as a guest, and talk to yourself.
        </p>
      )}
    </section>
  );
}

function rank({ userId }: PublicUser, selfId: string): number {
  return userId === selfId ? 0 : 1;
}

function compareNames(left: PublicUser, right: PublicUser): number {
  return left.name.localeCompare(right.name) || left.userId.localeCompare(right.userId);
}
