import { authClient } from "../lib/auth-client.ts";
import { createStore } from "../lib/store.ts";

export interface BannedUser {
  readonly userId: string;
  readonly name: string;
}

/** The banned users, as Better Auth lists them for an admin. Halyard closes the sockets of a banned user by itself. */
export class Bans {
  readonly list = createStore<readonly BannedUser[]>([]);

  async load(): Promise<void> {
    const query = { filterField: "banned", filterValue: true, sortBy: "name", limit: 100 };
    const { data, error } = await authClient.admin.listUsers({ query });
    if (error) throw new Error(error.message);
    this.list.set(data.users.map(({ id, name }) => ({ userId: id, name })));
  }

  async ban(userId: string): Promise<void> {
    const { error } = await authClient.admin.banUser({ userId });
    if (error) throw new Error(error.message);
    await this.load();
  }

  async unban(userId: string): Promise<void> {
    const { error } = await authClient.admin.unbanUser({ userId });
    if (error) throw new Error(error.message);
    await this.load();
  }
}
