import { useEffect, useState } from "react";
import { MAX_ROLES } from "../../shared/constants.ts";
import { useRequest } from "./halyard.ts";

export type Role = "admin" | "guest";
export type Roles = ReadonlyMap<string, Role>;

const NO_ROLES: Roles = new Map();

/** The admins and the guests among these users. Known roles stay while the page requests those of other users. */
export function useRoles(userIds: readonly string[]): Roles {
  const [roles, setRoles] = useState(NO_ROLES);
  const asked = [...new Set(userIds)].sort().slice(-MAX_ROLES);
  const { data } = useRequest("list_roles", { userIds: asked }, { enabled: asked.length > 0 });
  useEffect(() => {
    if (data)
      setRoles((known) => new Map([...known, ...data.map(({ userId, role }) => [userId, role] as const)]));
  }, [data]);
  return roles;
}
