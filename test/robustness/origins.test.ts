import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import type { Header } from "../support/handshake.ts";
import { onEachRuntime } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";

interface Attempt {
  readonly host: string;
  readonly origin?: string;
  readonly cookie?: boolean;
  readonly more?: readonly Header[];
}

/** The statuses of an upgrade and of the plain GET in its place. */
async function statuses(app: TestApp, { host, origin, cookie = true, more = [] }: Attempt) {
  const headers: Header[] = [...more];
  if (origin !== undefined) headers.push(["Origin", origin]);
  if (cookie) headers.push(["Cookie", `session=${app.user()}`]);
  const { port } = app;
  const upgrade = await handshake({ port, host, headers });
  const get = await handshake({ port, host, headers, plain: true });
  return [upgrade.status, get.status, get.headers.get("access-control-allow-origin")];
}

const letIn = (origin: string) => [101, 426, origin];
const refused = [403, 403, undefined];

async function warnings(app: TestApp, event: string): Promise<string[]> {
  return ((await app.command("log")) as string[]).filter((line) => line.includes(event));
}

onEachRuntime(
  "pages of other origins, with an authenticator that looks at none",
  { allowedOrigins: null },
  (app) => {
    it.each([
      ["app.example.com", "https://app.example.com"],
      ["app.example.com", "http://app.example.com"],
      ["app.example.com:443", "https://app.example.com"],
      ["app.example.com:8443", "https://app.example.com:8443"],
      ["APP.example.com", "https://app.EXAMPLE.com"],
      ["app.example.com.", "https://app.example.com."],
      ["app.example.com", "https://app.example.com.:443"],
      ["[2001:db8::1]:8080", "http://[2001:db8::1]:8080"],
      ["[2001:db8:0::1]", "http://[2001:DB8::1]"],
      ["192.0.2.1:81", "http://192.0.2.1:81"],
    ])(
      "at %s a page of %s is let in with its cookie, whatever the scheme is [s-S1]",
      async (host, origin) => {
        expect(await statuses(app, { host, origin })).toEqual(letIn(origin));
      },
    );

    it.each([
      ["app.example.com", "https://evil.example"],
      ["app.example.com", "https://app.example.com.evil.example"],
      ["app.example.com", "https://sub.app.example.com"],
      ["app.example.com", "https://app.example.com:8443"],
      ["app.example.com:8443", "https://app.example.com"],
      ["app.example.com", "https://app.example.com:80"],
      ["app.example.com", "null"],
      ["app.example.com", "app.example.com"],
      ["app.example.com", "https://app.example.com/"],
      ["app.example.com", "https://evil.example@app.example.com"],
      ["app.example.com", "https://app.example.com, https://evil.example"],
      ["app.example.com", "chrome-extension://app.example.com"],
      ["app.example.com", "http://localhost:5173"],
      ["localhost:3000", "https://evil.example"],
      ["localhost:3000", "http://localhost.evil.example:3000"],
      ["127.0.0.1:3000", "http://127.0.0.1.evil.example:3000"],
      ["[2001:db8::1]", "http://[2001:db8::2]"],
    ])("at %s a page of %s does not get in with its visitor's cookie [s-S1]", async (host, origin) => {
      expect(await statuses(app, { host, origin })).toEqual(refused);
    });

    it("a cookie without an Origin does not get in, and a plain GET of an own page is answered as its upgrade [s-S1]", async () => {
      const { port } = app;
      const host = "app.example.com";
      const cookie: Header = ["Cookie", `session=${app.user()}`];
      expect(await handshake({ port, host, headers: [cookie] })).toMatchObject({ status: 403 });
      const get = async (site: string) =>
        (await handshake({ port, host, plain: true, headers: [cookie, ["Sec-Fetch-Site", site]] })).status;
      expect([await get("same-origin"), await get("cross-site"), await get("same-site")]).toEqual([
        426, 403, 403,
      ]);
    });

    it("neither the target of the request nor a part of Host is taken for the host [s-S1]", async () => {
      const headers: Header[] = [
        ["Origin", "https://evil.example"],
        ["Cookie", `session=${app.user()}`],
      ];
      const target = "//evil.example/ws";
      expect((await handshake({ port: app.port, host: "app.example.com", target, headers })).status).not.toBe(
        101,
      );
      // Bun answers such a host with 500 itself.
      const own: Header[] = [
        ["Origin", "https://app.example.com"],
        ["Cookie", `session=${app.user()}`],
      ];
      const host = "evil.example@app.example.com";
      expect((await handshake({ port: app.port, host, headers: own })).status).not.toBe(101);
    });

    it("X-Forwarded-Host of a peer that is no trusted proxy is not believed [s-S1]", async () => {
      const more: Header[] = [["X-Forwarded-Host", "evil.example"]];
      expect(await statuses(app, { host: "app.example.com", origin: "https://evil.example", more })).toEqual(
        refused,
      );
    });

    it("a password that a browser sends by itself counts as a cookie does [s-S1]", async () => {
      const more: Header[] = [["Authorization", "Basic YWRhOmh1bnRlcjI="]];
      const attempt = { host: "app.example.com", cookie: false, more };
      expect(await statuses(app, { ...attempt, origin: "https://evil.example" })).toEqual(refused);
      expect(await statuses(app, { ...attempt, origin: "https://app.example.com" })).toEqual([
        401,
        401,
        "https://app.example.com",
      ]);
    });

    it("without a cookie the authenticator is asked, whatever the origin is [s-S1]", async () => {
      const origin = "https://evil.example";
      expect(await statuses(app, { host: "app.example.com", origin, cookie: false })).toEqual([
        401,
        401,
        undefined,
      ]);
      expect(await statuses(app, { host: "app.example.com", cookie: false })).toEqual([401, 401, undefined]);
    });

    it("names of this machine are let in whatever their ports, with one warning that names allowedOrigins [s-S1]", async () => {
      for (const [host, origin] of [
        ["localhost:3000", "http://localhost:5173"],
        ["127.0.0.1:3000", "http://localhost:5173"],
        ["localhost:3000", "http://[::1]:5173"],
        ["[::1]:3000", "http://app.localhost:5173"],
      ] as const)
        expect(await statuses(app, { host, origin })).toEqual(letIn(origin));
      const lines = await warnings(app, "origin_of_loopback");
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain("allowedOrigins");
    });

    it("each origin that is refused is logged once, with the line to write [s-S1]", async () => {
      for (let n = 0; n < 3; n++)
        await statuses(app, { host: "app.example.com", origin: "https://once.example" });
      const lines = (await warnings(app, "origin_refused")).filter((line) => line.includes("once.example"));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain('allowedOrigins: ["https://once.example"]');
    });

    it("an origin that no list takes is refused without a line for the list", async () => {
      for (const origin of ["null", "file://"]) await statuses(app, { host: "app.example.com", origin });
      const lines = (await warnings(app, "origin_refused")).filter((line) =>
        /page of (null|file)/.test(line),
      );
      expect(lines).toHaveLength(2);
      for (const line of lines) {
        expect(line).not.toContain("allowedOrigins");
        expect(line).toContain("give such a page a ticket in place of its cookie");
      }
    });
  },
);

const behindProxy = { allowedOrigins: null, trustProxy: ["127.0.0.1"] };

onEachRuntime("pages of other origins behind a trusted proxy", behindProxy, (app) => {
  it("X-Forwarded-Host of a trusted proxy is the host [s-S1]", async () => {
    const more: Header[] = [["X-Forwarded-Host", "app.example.com"]];
    const host = "10.0.0.7:3000";
    expect(await statuses(app, { host, origin: "https://app.example.com", more })).toEqual(
      letIn("https://app.example.com"),
    );
    expect(await statuses(app, { host, origin: "http://10.0.0.7:3000", more })).toEqual(refused);
    expect(await statuses(app, { host, origin: "https://app.example.com" })).toEqual(refused);
  });
});

const listed = {
  allowedOrigins: ["https://app.example.com", "capacitor://localhost", "https://Münch.example:8443"],
};

onEachRuntime("pages of listed origins", listed, (app) => {
  it.each([
    "https://app.example.com",
    "https://app.example.com:443",
    "capacitor://localhost",
    "https://xn--mnch-0ra.example:8443",
  ])("%s in allowedOrigins is let in at every host [s-S1]", async (origin) => {
    expect(await statuses(app, { host: "api.example.com", origin })).toEqual(letIn(origin));
  });

  it.each(["http://app.example.com", "https://api.example.com", "http://localhost:5173", "null"])(
    "%s, which is not in allowedOrigins, is refused in place of the rule for own pages [s-S1]",
    async (origin) => {
      expect(await statuses(app, { host: "api.example.com", origin })).toEqual(refused);
      expect(await statuses(app, { host: "localhost:3000", origin, cookie: false })).toEqual(refused);
    },
  );

  it("a cookie without an Origin does not get in with allowedOrigins either [s-S1]", async () => {
    const [upgrade] = await statuses(app, { host: "api.example.com" });
    expect(upgrade).toBe(403);
  });
});
