import type { Role } from "../chat/use-roles.ts";

interface RoleMarkProps {
  readonly role: Role | undefined;
  readonly isOwn: boolean;
}

/** What a user is, beside the name: never a part of the name, which a user chooses. */
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
