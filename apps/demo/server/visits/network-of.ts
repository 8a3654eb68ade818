const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** The first 64 bits of an IPv6 address, which a provider assigns to one customer as a whole; any other text as it is. */
export function networkOf(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [left = "", right = ""] = address.split("::");
  const groupsOf = (part: string) => (part === "" ? [] : part.split(":"));
  const missing = Math.max(0, GROUPS - groupsOf(left).length - groupsOf(right).length);
  const groups = [...groupsOf(left), ...Array<string>(missing).fill("0"), ...groupsOf(right)];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}
