import { hueOf, initials } from "../lib/person.ts";

interface AvatarProps {
  readonly userId: string;
  readonly name: string;
}

/** The initials of a user on the colour of the user. Hidden from screen readers, because the name is beside them. */
export function Avatar({ userId, name }: AvatarProps) {
  return (
    <span className="avatar" data-hue={hueOf(userId)} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
