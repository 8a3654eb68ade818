import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

const read = (env: Record<string, string>) => readConfig(env, "/demo");

test("listens on this machine only by default", () => {
  expect(read({})).toMatchObject({
    host: "127.0.0.1",
    port: 3000,
    publicOrigin: "http://127.0.0.1:3000",
    ownOrigins: ["http://127.0.0.1:3000", "http://localhost:3000"],
    allowedOrigins: [],
    databasePath: "/demo/.data/demo.db",
    isLocal: true,
  });
});

test("is not local when other machines can reach the server directly or through a proxy", () => {
  expect(read({ HOST: "0.0.0.0" })).toMatchObject({ isLocal: false, ownOrigins: ["http://localhost:3000"] });
  const proxied = read({ BETTER_AUTH_URL: "https://chat.example/some/path" });
  expect(proxied).toMatchObject({ isLocal: false, ownOrigins: ["https://chat.example"] });
});

test("reads a comma-separated list of allowed origins", () => {
  const { allowedOrigins } = read({ ALLOWED_ORIGINS: "http://127.0.0.1:5173, https://a.example/ ," });
  expect(allowedOrigins).toEqual(["http://127.0.0.1:5173", "https://a.example"]);
});

test.each([
  [{ PORT: "http" }, "PORT"],
  [{ PORT: "70000" }, "PORT"],
  [{ ALLOWED_ORIGINS: "example.com" }, "ALLOWED_ORIGINS"],
  [{ BETTER_AUTH_URL: "ftp://a.example" }, "BETTER_AUTH_URL"],
])("rejects %j with an error that names the option", (env, name) => {
  expect(() => read(env as Record<string, string>)).toThrow(name);
});
