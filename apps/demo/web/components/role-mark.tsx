import type { Role } from "../chat/use-roles.ts";

interface RoleMarkProps {
  readonly role: Role | undefined;
  readonly isOwn: boolean;
}

/** The role of a user beside the name. It is no part of the name, which the user chooses. */
export function RoleMark({ role, isOwn }: RoleMarkProps) {
  return (
    <>
      {role && (
        <span className="mark-role" data-role={role}>
          {role}
        </span>
      )}
      {isOwn && <span className="mark-role you">you</span>}
    </>
  );
}
