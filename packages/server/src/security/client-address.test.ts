import { describe, expect, it, vi } from "vitest";
import { ClientAddress } from "./client-address.ts";
import { silentLogger } from "../logger.ts";
import type { WebSocketManagerConfig } from "../config.ts";

type TrustProxy = WebSocketManagerConfig["trustProxy"];

function addressOf(peer: string | undefined, forwarded: string | undefined, trusted: TrustProxy): unknown {
  const headers = new Headers(forwarded === undefined ? {} : { "x-forwarded-for": forwarded });
  const client = new ClientAddress(trusted, silentLogger);
  return client.resolve(peer, (name) => headers.get(name));
}

describe("the address of a client", () => {
  const proxies = ["10.0.0.0/8", "fd00::/8"];

  it.each<[string, string | undefined, string | undefined, TrustProxy, string | undefined]>([
    ["is its peer's", "192.0.2.1", undefined, undefined, "192.0.2.1"],
    ["is its peer's, however IPv6 writes it", "::ffff:192.0.2.1", undefined, undefined, "192.0.2.1"],
    ["is its peer's, whatever it forges", "192.0.2.1", "1.1.1.1", undefined, "192.0.2.1"],
    ["is its peer's, when that is no trusted proxy", "192.0.2.1", "1.1.1.1", proxies, "192.0.2.1"],
    ["is what a trusted proxy says", "10.0.0.1", "192.0.2.1", proxies, "192.0.2.1"],
    ["is what it wrote last", "10.0.0.1", "1.1.1.1, 192.0.2.1", proxies, "192.0.2.1"],
    ["is what stands before all proxies", "10.0.0.1", "1.1.1.1, 192.0.2.1 ,10.0.0.2", proxies, "192.0.2.1"],
    ["is a proxy's, when nobody else is named", "10.0.0.1", "10.0.0.3, 10.0.0.2", proxies, "10.0.0.3"],
    ["is a proxy's, when it forwards nonsense", "10.0.0.1", "nonsense, 10.0.0.2", proxies, "10.0.0.2"],
    ["is the last proxy's, when it says nothing", "10.0.0.1", undefined, proxies, "10.0.0.1"],
    ["is the last proxy's, when it says nonsense", "10.0.0.1", "<script>", proxies, "10.0.0.1"],
    ["is without its port", "10.0.0.1", "192.0.2.1:443", proxies, "192.0.2.1"],
    ["is without its brackets", "fd00::1", "[2001:db8::1]:443", proxies, "2001:db8:0:0:0:0:0:1"],
    ["is told by a function too", "192.0.2.9", "192.0.2.1", (peer) => peer === "192.0.2.9", "192.0.2.1"],
    ["is what a proxy on a Unix socket says", undefined, "192.0.2.1", [], "192.0.2.1"],
    ["is unknown on a Unix socket", undefined, undefined, undefined, undefined],
  ])("%s", (_what, peer, forwarded, trusted, address) => {
    expect(addressOf(peer, forwarded, trusted)).toBe(address);
  });

  it("is found at once, however long the header is", () => {
    const many = Array.from({ length: 1_000 }, () => "10.0.0.1").join(",");
    expect(addressOf("10.0.0.1", many, proxies)).toBe("10.0.0.1");
    expect(addressOf("10.0.0.1", ",".repeat(15_000), proxies)).toBe("10.0.0.1");
  });

  it("is told once when a proxy forwards it and nobody is trusted", () => {
    for (const name of ["x-forwarded-for", "forwarded"]) {
      const warn = vi.fn();
      const client = new ClientAddress(undefined, { ...silentLogger, warn });
      const headers = new Headers({ [name]: "for=1.1.1.1" });
      for (let n = 0; n < 3; n++) client.resolve("192.0.2.1", (header) => headers.get(header));
      expect(warn).toHaveBeenCalledExactlyOnceWith({}, expect.stringContaining("trustProxy: ["));
      expect(JSON.stringify(warn.mock.calls)).not.toContain("1.1.1.1");
    }
  });

  it("is not looked for with ranges that are none", () => {
    expect(() => new ClientAddress(["10.0.0.0/80"], silentLogger)).toThrow(TypeError);
  });
});
