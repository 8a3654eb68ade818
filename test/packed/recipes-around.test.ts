// The recipes of docs/recipes for what is around a server: types, shutdown, tests, and a server beside Next.js.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createWebSocketClient } from "@halyard/client";
import { afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { RedisServer } from "../../packages/redis/test/redis-server.ts";
import { binaryOf } from "../support/app-server.ts";
import { IS_LONG } from "../support/long-run.ts";
import { until } from "../support/wait.ts";
import { Project } from "./project.ts";
import { replacesSharedFile } from "./hot-replacement.ts";
import { programOf, RecipeApp, tell } from "./recipe-app.ts";
import { filesOf, LAYOUT, prepareDatabase, writeRecipe } from "./recipe-files.ts";
import { RecipeUser } from "./recipe-user.ts";

const DOCS = join(import.meta.dirname, "../../docs/recipes");
const TSCONFIG = {
  compilerOptions: {
    target: "es2023",
    lib: ["ES2023", "DOM"],
    module: "esnext",
    moduleResolution: "bundler",
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    jsx: "react-jsx",
    types: ["node", "bun"],
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
  include: ["**/*.ts", "**/*.tsx"],
};

const project = new Project(inject("packedDirectory"));
const started: RecipeApp[] = [];
const clients: { close(): void }[] = [];
beforeAll(() => prepareDatabase(project));
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const app of started.splice(0)) await app.kill();
});

async function start(...[recipe]: Parameters<typeof RecipeApp.start>): Promise<RecipeApp> {
  const app = await RecipeApp.start(recipe);
  started.push(app);
  return app;
}

describe("the recipes around a server", () => {
  it("the code of every recipe compiles with every strict flag [14.4]", async () => {
    for (const page of readdirSync(DOCS))
      writeRecipe(project, `compiled/${page.replace(".md", "")}`, filesOf(`recipes/${page}`));
    writeFileSync(join(project.directory, "recipes/compiled/tsconfig.json"), JSON.stringify(TSCONFIG));
    const tsc = programOf(project, "typescript/bin/tsc");
    const compilation = await project.attempt(binaryOf("node"), { cwd: "recipes/compiled" }, tsc);
    expect(compilation).toEqual({ code: 0, output: "" });
  });

  it("the recipe shutdown says that it is not ready, hands its clients over and exits with 0 [14.4]", async () => {
    const directory = writeRecipe(project, "shutdown", filesOf("recipes/shutdown.md"));
    const app = await start({ directory, entry: "server.js" });
    const statusOf = async (path: string) => (await fetch(`${app.address}${path}`)).status;
    expect([await statusOf("/ready"), await statusOf("/live")]).toEqual([200, 200]);
    const client = createWebSocketClient({ url: `${app.address}/ws` });
    clients.push(client);
    expect(await client.send("chat_message", { content: "hello" })).toMatchObject({ status: "delivered" });
    const stopped = app.stop();
    await until("the client to be sent away", () => client.state.status === "waiting");
    const waiting = client.send("chat_message", { content: "meanwhile" });
    await stopped;
    expect(app.output).toContain("\nclosed\n");
    await app.start();
    expect(await waiting).toMatchObject({ status: "delivered" });
    await app.stop();
  });

  it("the tests of the recipe vitest pass [14.4]", async () => {
    writeRecipe(project, "vitest", filesOf("recipes/vitest.md"));
    const place = { cwd: "recipes/vitest", env: { NO_COLOR: "1" } };
    const vitest = programOf(project, "vitest/vitest.mjs");
    expect(await project.run(binaryOf("node"), place, vitest, "run")).toContain("2 passed");
  });

  if (IS_LONG)
    it("the recipe nextjs-apart carries messages and sign-outs of Next.js to a server beside it [14.4]", async () => {
      const redis = await RedisServer.start();
      const directory = writeRecipe(project, "nextjs-apart", {
        ...filesOf("recipes/nextjs-apart.md"),
        ...LAYOUT,
      });
      const env = { REDIS_URL: redis.url };
      const next = programOf(project, "next/dist/bin/next");
      const pages = await RecipeApp.start({ directory, entry: next, args: ["dev"], env });
      try {
        const origin = pages.address;
        const app = await start({ directory, entry: "realtime-server.ts", env, origin });
        const ada = await RecipeUser.signUp(origin, "Ada", `${app.address}/ws`);
        const bob = await RecipeUser.signUp(origin, "Bob", `${app.address}/ws`);
        clients.push(ada.client, bob.client);
        const connections = () => redis.control(async (client) => (await client.clientList()).length);
        const also = async () => {
          const before = await connections();
          await replacesSharedFile(pages, bob);
          expect(await connections()).toBe(before);
        };
        await tell(app, { ada, bob, announces: "/announcements", also });
      } finally {
        await pages.kill("SIGTERM");
        await redis.close();
      }
    });
});
