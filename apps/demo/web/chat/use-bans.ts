import { useMemo, useState } from "react";
import { authClient } from "../lib/auth-client.ts";

interface BannedUser {
  readonly userId: string;
  readonly name: string;
}

export interface Bans {
  readonly list: readonly BannedUser[];
  readonly load: () => Promise<void>;
  readonly ban: (userId: string) => Promise<void>;
  readonly unban: (userId: string) => Promise<void>;
}

/** The banned users, as Better Auth lists them for an admin. Halyard closes the sockets of a banned user. */
export function useBans(): Bans {
  const [list, setList] = useState<readonly BannedUser[]>([]);
  const calls = useMemo(() => {
    const load = async () => {
      const query = { filterField: "banned", filterValue: true, sortBy: "name", limit: 100 };
      const { data, error } = await authClient.admin.listUsers({ query });
      if (error) throw new Error(error.message);
      setList(data.users.map(({ id, name }) => ({ userId: id, name })));
    };
    const change = async (request: Promise<{ error: { message?: string | undefined } | null }>) => {
      const { error } = await request;
      if (error) throw new Error(error.message);
      await load();
    };
    return {
      load,
      ban: (userId: string) => change(authClient.admin.banUser({ userId })),
      unban: (userId: string) => change(authClient.admin.unbanUser({ userId })),
    };
  }, []);
  return { list, ...calls };
}
