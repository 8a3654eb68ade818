import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, upgrade } from "../../test/test-auth.ts";
import type { TestUser, TestAuth, TestAuthOptions } from "../../test/test-auth.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";
import type { BetterAuthAuthenticatorOptions } from "../options.ts";

interface LogLine {
  readonly fields: object;
  readonly message: string;
}

async function setUp(
  options: TestAuthOptions = {},
  authenticatorOptions: BetterAuthAuthenticatorOptions = {},
) {
  const test = await createTestAuth(options);
  const ada = await test.users.signUp("ada");
  const lines: LogLine[] = [];
  const logger = { warn: (fields: object, message: string) => void lines.push({ fields, message }) };
  const authenticator = betterAuthAuthenticator(test.auth, { logger, ...authenticatorOptions });
  const accepts = (origin: string) =>
    authenticator.authenticate(upgrade({ origin, cookie: ada.cookie })).then(
      (identity) => identity?.user.id === ada.id,
      (error: unknown) => {
        expect(error).toMatchObject({ code: "forbidden" });
        return false;
      },
    );
  return { test, ada, accepts, lines };
}

describe("trustedOrigins as a list", () => {
  let test: TestAuth;
  let ada: TestUser;
  let accepts: (origin: string) => Promise<boolean>;

  beforeAll(async () => {
    const trustedOrigins = [
      "https://other.example.com",
      "https://*.preview.example.com",
      "capacitor://localhost",
      "safari-web-extension://*",
    ];
    ({ test, ada, accepts } = await setUp({ trustedOrigins }));
  });
  afterAll(() => test.close());

  it("accepts the origin of baseURL, listed origins, patterns, app shells and extensions", async () => {
    expect(ada.cookie).not.toBe("");
    for (const origin of [
      ORIGIN,
      "https://other.example.com",
      "https://a.preview.example.com",
      "capacitor://localhost",
      "safari-web-extension://E3449EA7-EC25-4696-8E6D-58CC5E9C7D0B",
    ])
      expect(await accepts(origin), origin).toBe(true);
  });

  it.each([
    ["A1", "https://evil.com"],
    ["A2", "null"],
    ["A3", "https://app.example.com.evil.com"],
    ["A3", "https://evilapp.example.com"],
    ["A3", "https://app.example.com@evil.com"],
    ["A3", "https://evil@app.example.com"],
    ["A3", "https://app.example.com\\@evil.com"],
    ["A4", "http://app.example.com"],
    ["A4", "https://app.example.com:8443"],
    ["A4", "//app.example.com"],
    ["A4", "/"],
    ["A4", "file://"],
    ["A4", ""],
    ["A4", "https://"],
    ["A4", "app.example.com"],
    ["A4", "https://APP.example.com"],
    ["A4", "HTTPS://app.example.com"],
    ["A4", "https://app.example.com/"],
    ["A4", "https://app.example.com, https://evil.com"],
    ["A4", "https://preview.example.com"],
    ["A4", "https://evil.com#.preview.example.com"],
  ])("%s: rejects the origin %j", async (_row, origin) => {
    expect(await accepts(origin)).toBe(false);
  });
});

it("rejects a foreign origin with NODE_ENV=test and with Better Auth's own check switched off", async () => {
  expect(process.env["NODE_ENV"]).toBe("test");
  const { test, accepts } = await setUp();
  (await test.auth.$context).skipOriginCheck = true;
  expect(await accepts("https://evil.com")).toBe(false);
  test.close();
});

it("calls a trustedOrigins function at each upgrade with the request's headers, and keeps no earlier result", async () => {
  let listed = ["https://tenant.example.com"];
  const origins: (string | null | undefined)[] = [];
  const trustedOrigins = (request?: Request) => {
    origins.push(request?.headers.get("origin"));
    return listed;
  };
  const { test, accepts } = await setUp({ trustedOrigins });
  expect(await accepts("https://tenant.example.com")).toBe(true);
  listed = ["https://new.example.com"];
  expect(await accepts("https://tenant.example.com")).toBe(false);
  expect(await accepts("https://new.example.com")).toBe(true);
  expect(await accepts(ORIGIN)).toBe(true);
  expect(origins.slice(-1)).toEqual([ORIGIN]);
  test.close();
});

it("throws unavailable when the trustedOrigins function fails", async () => {
  let fails = false;
  const trustedOrigins = () => (fails ? Promise.reject(new Error("tenants are away")) : []);
  const { test, ada } = await setUp({ trustedOrigins });
  fails = true;
  const authenticator = betterAuthAuthenticator(test.auth);
  await expect(
    authenticator.authenticate(upgrade({ origin: ORIGIN, cookie: ada.cookie })),
  ).rejects.toMatchObject({
    code: "unavailable",
  });
  test.close();
});

it.each([["a list", []] as const, ["a function", () => []] as const])(
  "accepts the allowed hosts of a dynamic baseURL when trustedOrigins is %s",
  async (_name, trustedOrigins) => {
    const baseURL = { allowedHosts: ["app.example.com", "*.example.org", "localhost:3000"] };
    const { test, accepts } = await setUp({ baseURL, trustedOrigins: trustedOrigins as never });
    expect(await accepts(ORIGIN)).toBe(true);
    expect(await accepts("https://a.example.org")).toBe(true);
    expect(await accepts("http://localhost:3000")).toBe(true);
    expect(await accepts("http://app.example.com")).toBe(false);
    expect(await accepts("https://evil.com")).toBe(false);
    test.close();
  },
);

describe("the log of rejected origins", () => {
  it("names the trustedOrigins option and the line to write, once per origin", async () => {
    const { test, accepts, lines } = await setUp({}, { development: true });
    await accepts("http://localhost:5173");
    await accepts("http://localhost:5173");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.message).toContain('betterAuth({ trustedOrigins: ["http://localhost:5173"] })');
    test.close();
  });

  it("names the trustedOrigins option without the line to write in production", async () => {
    const { test, accepts, lines } = await setUp({}, { development: false });
    await accepts("https://evil.com");
    expect(lines[0]?.message).toContain("trustedOrigins");
    expect(lines[0]?.message).not.toContain("betterAuth({");
    test.close();
  });

  it("writes at most a hundred lines, each short, printable and without the cookie", async () => {
    const { test, accepts, lines } = await setUp();
    await accepts(`https://${"é".repeat(2_000)}"].evil.com`);
    for (let index = 0; index < 150; index += 1) await accepts(`https://${index}.evil.com`);
    expect(lines).toHaveLength(100);
    for (const line of lines) {
      expect(JSON.stringify(line).length).toBeLessThanOrEqual(512);
      expect(line.message).toMatch(/^[\x20-\x7e]+$/);
      expect(line.message).not.toContain("session_token");
    }
    test.close();
  });

  it("writes to Better Auth's own logger unless another logger is given", async () => {
    const { test, accepts } = await setUp({}, { logger: undefined });
    const context = await test.auth.$context;
    const lines: string[] = [];
    context.logger.warn = (line) => void lines.push(line);
    await accepts("https://evil.com");
    expect(lines).toEqual([expect.stringContaining("https://evil.com")]);
    test.close();
  });
});
