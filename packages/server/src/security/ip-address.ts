/** An address as eight groups of 16 bits; an IPv4 address is mapped to IPv6, `::ffff:a.b.c.d`. */
type Groups = readonly number[];

const IPV4_MAPPED_PREFIX: Groups = [0, 0, 0, 0, 0, 0xffff];

/** The canonical form of an address: `::ffff:192.0.2.1` becomes `192.0.2.1`. Undefined for a text that is not an address. */
export function canonicalAddress(text: string): string | undefined {
  const groups = parseAddress(text);
  return groups && format(groups);
}

/** The key of an address in rate limits: an IPv4 address, or the /64 that a provider assigns to one customer. */
export function addressBucketKey(address: string): string {
  if (!address.includes(":")) return address;
  const groups = parseAddress(address);
  if (groups === undefined) return address;
  return isIpv4Mapped(groups) ? format(groups) : `${hex(groups.slice(0, 4))}::/64`;
}

/** A range of addresses. */
export interface CidrRange {
  readonly groups: Groups;
  readonly bits: number;
}

/** @throws TypeError for a text that is neither an address nor a range like `10.0.0.0/8` */
export function parseRange(text: string): CidrRange {
  const [address = "", length, ...rest] = text.split("/");
  const groups = parseAddress(address);
  const maxBits = address.includes(":") ? 128 : 32;
  const bits = length === undefined ? maxBits : /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  if (groups === undefined || bits > maxBits || rest.length > 0)
    throw new TypeError(`not an address or a range of addresses: ${JSON.stringify(text)}`);
  return { groups, bits: bits + 128 - maxBits };
}

export function isWithin(address: string, ranges: readonly CidrRange[]): boolean {
  const groups = parseAddress(address);
  return groups !== undefined && ranges.some((range) => covers(range, groups));
}

function covers({ groups, bits }: CidrRange, address: Groups): boolean {
  return groups.every((group, index) => {
    const significant = Math.min(16, Math.max(0, bits - 16 * index));
    const shift = 16 - significant;
    return group >> shift === (address[index] ?? 0) >> shift;
  });
}

function parseAddress(text: string): Groups | undefined {
  if (!text.includes(":")) {
    const low = parseV4(text);
    return low && [...IPV4_MAPPED_PREFIX, ...low];
  }
  // A zone (fe80::1%eth0) names a link of this machine and says nothing about the peer.
  const [bare = ""] = text.split("%");
  const [left = "", right, ...rest] = bare.split("::");
  const head = parseGroups(left);
  if (head === undefined || rest.length > 0) return undefined;
  if (right === undefined) return head.length === 8 ? head : undefined;
  const tail = parseGroups(right);
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const low = index === parts.length - 1 ? parseV4(part) : undefined;
    if (low !== undefined) groups.push(...low);
    else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function parseV4(text: string): readonly [number, number] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1).map(Number);
  return Math.max(a, b, c, d) > 255 ? undefined : [a * 256 + b, c * 256 + d];
}

function isIpv4Mapped(groups: Groups): boolean {
  return IPV4_MAPPED_PREFIX.every((group, index) => group === groups[index]);
}

function format(groups: Groups): string {
  if (!isIpv4Mapped(groups)) return hex(groups);
  const [high = 0, low = 0] = groups.slice(6);
  return `${String(high >> 8)}.${String(high & 255)}.${String(low >> 8)}.${String(low & 255)}`;
}

function hex(groups: Groups): string {
  return groups.map((group) => group.toString(16)).join(":");
}
