/** The roles of a user: `user.role` as text, split at commas, or as a list. Nobody has one by accident. */
export function roleOf(user: object): readonly string[] {
  const role = "role" in user ? user.role : undefined;
  if (typeof role === "string") return role.split(",").map((part) => part.trim());
  return Array.isArray(role) ? role.filter((part) => typeof part === "string") : [];
}
