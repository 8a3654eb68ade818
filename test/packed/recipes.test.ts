// The recipes of docs/recipes with a sign-in: the code of the page, with its framework from npm.
import { afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { findFreePort } from "../../scripts/free-port.ts";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { replacesRoutesAndPages } from "./hot-replacement.ts";
import { Project } from "./project.ts";
import { programOf, RecipeApp, tell } from "./recipe-app.ts";
import { filesOf, LAYOUT, prepareDatabase, writeRecipe } from "./recipe-files.ts";
import { useLobby } from "./recipe-lobby.ts";
import { RecipeUser } from "./recipe-user.ts";
import { until } from "../support/wait.ts";

interface ServerRecipe {
  readonly page: string;
  readonly runtime: Runtime;
  readonly entry: string;
  /** Files in place of those of the page, or beside them. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whether the compiler makes the program first. */
  readonly isBuilt?: boolean;
  /** What its framework does besides. */
  readonly also?: (app: RecipeApp, user: RecipeUser) => Promise<void>;
}

const BUN_AUTH = {
  "auth.ts": (filesOf("recipes/README.md")["auth.ts"] ?? "")
    .replace('{ DatabaseSync } from "node:sqlite"', '{ Database } from "bun:sqlite"')
    .replace("DatabaseSync(", "Database("),
};
/** What `nest new` makes, in short. */
const NEST_TSCONFIG = {
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      module: "nodenext",
      target: "es2023",
      types: ["node"],
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      skipLibCheck: true,
      strict: true,
      rootDir: ".",
      outDir: "dist",
    },
  }),
};

const SERVERS: readonly ServerRecipe[] = [
  { page: "express", runtime: "node", entry: "server.ts" },
  { page: "fastify", runtime: "node", entry: "server.ts" },
  { page: "hono", runtime: "node", entry: "node.ts" },
  { page: "hono", runtime: "bun", entry: "bun.ts", files: BUN_AUTH },
  { page: "nestjs", runtime: "node", entry: "dist/main.js", files: NEST_TSCONFIG, isBuilt: true },
  { page: "nextjs", runtime: "node", entry: "server.ts", files: LAYOUT, also: replacesRoutesAndPages },
];

const project = new Project(inject("packedDirectory"));
const started: RecipeApp[] = [];
beforeAll(() => prepareDatabase(project));
afterEach(async () => {
  for (const app of started.splice(0)) await app.kill();
});

async function start(...[recipe]: Parameters<typeof RecipeApp.start>): Promise<RecipeApp> {
  const app = await RecipeApp.start(recipe);
  started.push(app);
  return app;
}

describe("the recipes with a sign-in", () => {
  it.each(SERVERS)(
    "the recipe $page on $runtime signs in, talks both ways, survives a restart, closes at a sign-out and exits with 0 [14.4]",
    async ({ page, runtime, entry, files, isBuilt, also }) => {
      const directory = writeRecipe(project, `${page}-${runtime}`, {
        ...filesOf(`recipes/${page}.md`),
        ...files,
      });
      const compiler = programOf(project, "typescript/bin/tsc");
      if (isBuilt) await project.run(binaryOf("node"), { cwd: directory }, compiler);
      const app = await start({ directory, entry, runtime });
      const ada = await RecipeUser.signUp(app.address, "Ada");
      const bob = await RecipeUser.signUp(app.address, "Bob");
      await tell(app, { ada, bob, announces: "/announcements", also: async () => also?.(app, bob) });
    },
  );

  it("the recipe vite passes sockets, sign-ins and restarts through Vite's dev server [14.4]", async () => {
    const files = { ...filesOf("recipes/vite.md"), "index.html": "<!doctype html><title>page</title>" };
    const pages = writeRecipe(project, "vite", files);
    const directory = writeRecipe(project, "vite-server", filesOf("recipes/express.md"));
    const vite = programOf(project, "vite/bin/vite.js");
    // Vite listens on the port that the server's own `baseURL` names.
    const port = await findFreePort();
    const origin = `http://localhost:${String(port)}`;
    const app = await start({ directory, entry: "server.ts", origin });
    const args = ["--port", String(port), "--strictPort"];
    await start({ directory: pages, entry: vite, args, env: { SERVER: app.address }, port });
    const ada = await RecipeUser.signUp(origin, "Ada");
    const bob = await RecipeUser.signUp(origin, "Bob");
    await tell(app, { ada, bob });
  });

  it("the recipe react signs in, talks, counts votes and keeps both through a reload and a restart, in Chromium [14.4]", async () => {
    const directory = writeRecipe(project, "react", filesOf("recipes/react.md"));
    const vite = programOf(project, "vite/bin/vite.js");
    const port = await findFreePort();
    const origin = `http://localhost:${String(port)}`;
    const app = await start({ directory, entry: "server.ts", origin });
    const args = ["--port", String(port), "--strictPort"];
    await start({ directory, entry: vite, args, env: { SERVER: app.address }, port });
    await useLobby(app, origin);
  });

  it("the recipe jwt of sign-in signs in, talks both ways, survives a restart, closes at a sign-out and exits with 0 [14.4]", async () => {
    const directory = writeRecipe(project, "jwt", filesOf("recipes/sign-in.md"));
    const app = await start({ directory, entry: "jwt.ts" });
    const ada = await RecipeUser.signIn(app.address, { body: { name: "Ada" } });
    const bob = await RecipeUser.signIn(app.address, { body: { name: "Bob" } });
    await tell(app, { ada, bob, signsOut: "/sign-out" });
  });

  it("the recipe express-session of sign-in closes at a sign-out, and a restart signs out [14.4]", async () => {
    const directory = writeRecipe(project, "express-session", filesOf("recipes/sign-in.md"));
    const app = await start({ directory, entry: "express-session.ts" });
    const signIn = async (name: string) => RecipeUser.signIn(app.address, { body: { name } });
    const [ada, bob] = [await signIn("Ada"), await signIn("Bob")];
    await Promise.all([ada.is("open"), bob.is("open")]);
    expect(await ada.says("hello")).toBe("delivered");
    await bob.hears("Ada: hello");
    expect(await ada.post("/sign-out")).toBe(204);
    await ada.is("authRequired", 1_000);
    expect(bob.client.state.status).toBe("open");

    await app.stop();
    await app.start();
    await bob.is("authRequired");
    const again = await signIn("Bob");
    expect(await again.says("back")).toBe("delivered");
    for (const { client } of [ada, bob, again]) client.close();
  });

  it("the recipe express-session of sign-in closes a connection that opens while its session is being destroyed", async () => {
    const files = { ...filesOf("recipes/sign-in.md"), "store.js": SLOW_STORE };
    const directory = writeRecipe(project, "express-session-race", files);
    const app = await start({
      directory,
      entry: "express-session.ts",
      env: { NODE_OPTIONS: "--import ./store.js" },
    });
    const ada = await RecipeUser.signIn(app.address, { body: { name: "Ada" } });
    await ada.is("open");
    ada.client.close();
    const signedOut = ada.post("/sign-out");
    await until("the session to be destroyed", () => app.output.includes("destroying"), 20_000);
    const again = new RecipeUser(app.address, `${app.address}/ws`, ada.cookie);
    expect(await signedOut).toBe(204);
    await again.is("authRequired", 5_000);
    again.client.close();
  });
});

/** Destroys a session only after it has been read once more. */
const SLOW_STORE = `
  import session from "express-session";
  const { MemoryStore } = session;
  const { get, destroy } = MemoryStore.prototype;
  let finish = () => {};
  MemoryStore.prototype.destroy = function (id, done) {
    finish = () => destroy.call(this, id, done);
    console.log("destroying");
  };
  MemoryStore.prototype.get = function (id, done) {
    get.call(this, id, (...results) => {
      done(...results);
      setImmediate(finish);
    });
  };`;
