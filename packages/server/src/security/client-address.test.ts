import { describe, expect, it, vi } from "vitest";
import { ClientAddress } from "./client-address.ts";
import { silentLogger } from "../logger.ts";
import type { WebSocketManagerConfig } from "../config.ts";

type TrustProxy = WebSocketManagerConfig["trustProxy"];

function addressOf(peer: string | undefined, forwarded: string | undefined, trusted: TrustProxy): unknown {
  const headers = new Headers(forwarded === undefined ? {} : { "x-forwarded-for": forwarded });
  const client = new ClientAddress(trusted, silentLogger);
  const request = { url: "/ws", headers, remoteAddress: peer, isOnUnixSocket: peer === undefined };
  return client.locate(request, (name) => headers.get(name)).address;
}

describe("ClientAddress", () => {
  const proxies = ["10.0.0.0/8", "fd00::/8"];

  it.each<[string, string | undefined, string | undefined, TrustProxy, string | undefined]>([
    ["uses the address of the peer", "192.0.2.1", undefined, undefined, "192.0.2.1"],
    [
      "uses the IPv4 address of a peer that is written as IPv6",
      "::ffff:192.0.2.1",
      undefined,
      undefined,
      "192.0.2.1",
    ],
    ["ignores a forged header when no proxy is trusted", "192.0.2.1", "1.1.1.1", undefined, "192.0.2.1"],
    ["ignores the header of a peer that is no trusted proxy", "192.0.2.1", "1.1.1.1", proxies, "192.0.2.1"],
    ["uses the address that a trusted proxy forwards", "10.0.0.1", "192.0.2.1", proxies, "192.0.2.1"],
    [
      "uses the last address that a trusted proxy wrote",
      "10.0.0.1",
      "1.1.1.1, 192.0.2.1",
      proxies,
      "192.0.2.1",
    ],
    [
      "uses the address before all trusted proxies",
      "10.0.0.1",
      "1.1.1.1, 192.0.2.1 ,10.0.0.2",
      proxies,
      "192.0.2.1",
    ],
    [
      "uses the first proxy's address when no other address is named",
      "10.0.0.1",
      "10.0.0.3, 10.0.0.2",
      proxies,
      "10.0.0.3",
    ],
    [
      "uses the address of a proxy that forwards nonsense",
      "10.0.0.1",
      "nonsense, 10.0.0.2",
      proxies,
      "10.0.0.2",
    ],
    ["uses the last proxy's address when there is no header", "10.0.0.1", undefined, proxies, "10.0.0.1"],
    [
      "uses the last proxy's address when the header is nonsense",
      "10.0.0.1",
      "<script>",
      proxies,
      "10.0.0.1",
    ],
    ["removes the port of a forwarded address", "10.0.0.1", "192.0.2.1:443", proxies, "192.0.2.1"],
    [
      "removes the brackets and the port of a forwarded IPv6 address",
      "fd00::1",
      "[2001:db8::1]:443",
      proxies,
      "2001:db8:0:0:0:0:0:1",
    ],
    [
      "accepts a function that says which peers are trusted",
      "192.0.2.9",
      "192.0.2.1",
      (peer) => peer === "192.0.2.9",
      "192.0.2.1",
    ],
    ["trusts a proxy on a Unix socket", undefined, "192.0.2.1", [], "192.0.2.1"],
    ["finds no address on a Unix socket without a header", undefined, undefined, undefined, undefined],
  ])("%s", (_title, peer, forwarded, trusted, address) => {
    expect(addressOf(peer, forwarded, trusted)).toBe(address);
  });

  it.each<[string, TrustProxy]>([
    ["ranges", proxies],
    ["every range", ["0.0.0.0/0", "::/0"]],
    ["a function", () => true],
    ["no proxy", undefined],
  ])(
    "believes no header of a peer that has reset its connection, with trust in %s [s-S6]",
    (_whom, trusted) => {
      const headers = new Headers({ "x-forwarded-for": "192.0.2.1", "x-forwarded-host": "app.test" });
      const client = new ClientAddress(trusted, silentLogger);
      const source = client.locate({ url: "/ws", headers, remoteAddress: undefined }, (name) =>
        headers.get(name),
      );
      expect(source).toMatchObject({ address: undefined, isTrustedProxy: false });
    },
  );

  it("resolves the address whatever the length of the header", () => {
    const many = Array.from({ length: 1_000 }, () => "10.0.0.1").join(",");
    expect(addressOf("10.0.0.1", many, proxies)).toBe("10.0.0.1");
    expect(addressOf("10.0.0.1", ",".repeat(15_000), proxies)).toBe("10.0.0.1");
  });

  it("warns once when a proxy forwards an address and no proxy is trusted", () => {
    for (const name of ["x-forwarded-for", "forwarded"]) {
      const warn = vi.fn();
      const client = new ClientAddress(undefined, { ...silentLogger, warn });
      const headers = new Headers({ [name]: "for=1.1.1.1" });
      const request = { url: "/ws", headers, remoteAddress: "192.0.2.1" };
      for (let n = 0; n < 3; n++) client.locate(request, (header) => headers.get(header));
      expect(warn).toHaveBeenCalledExactlyOnceWith({}, expect.stringContaining("trustProxy: ["));
      expect(JSON.stringify(warn.mock.calls)).not.toContain("1.1.1.1");
    }
  });

  it("throws a TypeError for a trusted range that is not valid", () => {
    expect(() => new ClientAddress(["10.0.0.0/80"], silentLogger)).toThrow(TypeError);
  });
});
