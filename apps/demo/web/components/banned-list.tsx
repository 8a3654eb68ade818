import { useEffect } from "react";
import type { Bans } from "../chat/use-bans.ts";
import { useToasts } from "../lib/toasts.ts";
import { Avatar } from "./avatar.tsx";

/** The banned users with a button that lifts the ban, for an admin. Empty while no user is banned. */
export function BannedList({ bans }: { readonly bans: Bans }) {
  const toasts = useToasts();

  const { list: banned, load, unban } = bans;

  useEffect(() => {
    load().catch(() => toasts.show("The banned users could not be loaded."));
  }, [load, toasts]);

  if (banned.length === 0) return null;
  const lift = (userId: string) => {
    unban(userId).catch(() => toasts.show("The ban could not be lifted. Please try again."));
  };
  return (
    <section aria-label="Banned users">
      <h2>
        Banned <span className="count">{banned.length}</span>
      </h2>
      <ul>
        {banned.map(({ userId, name }) => (
          <li key={userId} className="person banned" data-testid="banned">
            <Avatar userId={userId} name={name} />
            <span className="person-name" dir="auto">
              {name}
            </span>
            <button
              type="button"
              className="link-button"
              aria-label={`Unban ${name}`}
              onClick={() => lift(userId)}
            >
              Unban
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
