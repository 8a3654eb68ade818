import { hueOf, initials } from "../lib/person.ts";

interface AvatarProps {
  readonly userId: string;
  readonly name: string;
}

/** Initials on a colour that stays the user's own. Hidden from screen readers: the name stands beside it. */
export function Avatar({ userId, name }: AvatarProps) {
  return (
    <span className="avatar" data-hue={hueOf(userId)} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
