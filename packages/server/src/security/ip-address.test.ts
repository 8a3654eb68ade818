import { describe, expect, it } from "vitest";
import { canonicalAddress, isWithin, parseRange, addressBucketKey } from "./ip-address.ts";

describe("IP addresses", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["::", "0:0:0:0:0:0:0:0"],
    ["2001:DB8::1", "2001:db8:0:0:0:0:0:1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"],
    ["fe80::1%eth0", "fe80:0:0:0:0:0:0:1"],
  ])("writes the address %s in its canonical form %s", (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each([
    "",
    "localhost",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.1.1",
    "1e1.0.0.1",
    "2001:db8",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "::192.0.2.1:1",
    "::\r\n1",
    "unknown",
    "_hidden",
  ])("does not accept %j as an address", (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8:1:3::9", "2001:db8:1:3::/64"],
  ])("counts the address %s under the bucket key %s", (address, key) => {
    expect(addressBucketKey(address)).toBe(key);
  });
});

describe("IP ranges", () => {
  it.each([
    ["10.0.0.0/8", "10.255.0.1", "11.0.0.0"],
    ["192.0.2.128/25", "192.0.2.129", "192.0.2.127"],
    ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"],
    ["0.0.0.0/0", "255.255.255.255", "2001:db8::1"],
    ["fd00::/8", "fdff::1", "fc00::1"],
    ["2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"],
    ["::1", "::1", "::2"],
    ["::/0", "2001:db8::1", "nonsense"],
  ])("the range %s contains %s and does not contain %s", (range, inside, outside) => {
    expect([isWithin(inside, [parseRange(range)]), isWithin(outside, [parseRange(range)])]).toEqual([
      true,
      false,
    ]);
  });

  it.each(["", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10.0.0.0/x", "10/8", "example.com"])(
    "throws a TypeError for the range %j",
    (text) => {
      expect(() => parseRange(text)).toThrow(TypeError);
    },
  );
});
