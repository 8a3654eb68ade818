// docs/migrating-from-socket-io.md: its tables name each public member of Socket.IO's types, and its two chats behave alike.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterEach, describe, expect, inject, it } from "vitest";
import { until } from "../support/wait.ts";
import { Project } from "./project.ts";
import { RecipeApp } from "./recipe-app.ts";
import { filesOf, writeRecipe } from "./recipe-files.ts";

const PAGE = "migrating-from-socket-io.md";
const PAGE_TEXT = readFileSync(join(import.meta.dirname, "../../docs", PAGE), "utf8");
const project = new Project(inject("packedDirectory"));

/** The tables of the page, and the types whose members they name: of a package, or of a module of it. */
const TABLES: readonly (readonly [heading: string, module: string, types: readonly string[]])[] = [
  ["Server and Namespace", "socket.io/dist/index", ["Server", "Namespace"]],
  ["Socket of the server", "socket.io/dist/socket", ["Socket"]],
  [
    "BroadcastOperator and RemoteSocket",
    "socket.io/dist/broadcast-operator",
    ["BroadcastOperator", "RemoteSocket"],
  ],
  ["Handshake", "socket.io/dist/socket-types", ["Handshake"]],
  ["Events of the server", "socket.io/dist/socket-types", ["SocketReservedEventsMap"]],
  ["Events of the server", "socket.io/dist/namespace", ["ServerReservedEventsMap"]],
  ["Options of the server", "socket.io/dist/index", ["ServerOptions"]],
  ["Socket of the client", "socket.io-client/build/esm/socket", ["Socket"]],
  ["Manager of the client", "socket.io-client/build/esm/manager", ["Manager"]],
  ["Events of the client", "socket.io-client/build/esm/socket", ["SocketReservedEvents"]],
  ["Events of the client", "socket.io-client/build/esm/manager", ["ManagerReservedEvents"]],
  ["Options of the client", "socket.io-client/build/esm/manager", ["ManagerOptions"]],
  ["Options of the client", "socket.io-client/build/esm/socket", ["SocketOptions"]],
];

/** The objects that the page names members of. */
const OBJECTS: readonly (readonly [name: string, module: string, type: string])[] = [
  ["manager", "@halyard/server/dist/index", "WebSocketManager"],
  ["handlers", "@halyard/server/dist/index", "MessageHandlerRegistry"],
  ["context", "@halyard/server/dist/index", "HandlerContext"],
  ["request", "@halyard/server/dist/index", "UpgradeRequest"],
  ["limits", "@halyard/server/dist/index", "ServerLimits"],
  ["client", "@halyard/client/dist/index", "WebSocketClient"],
  ["room", "@halyard/client/dist/index", "Room"],
];

describe("the tables of the page", () => {
  const modules = join(project.directory, "node_modules");
  const files = [...TABLES, ...OBJECTS].map(([, module]) => join(modules, `${module}.d.ts`));
  const moduleResolution = ts.ModuleResolutionKind.Bundler;
  const program = ts.createProgram(files, { skipLibCheck: true, types: [], moduleResolution });
  const checker = program.getTypeChecker();

  it.each(TABLES)("name in %j all that %s has in %j [14.5]", (heading, module, types) => {
    const named = namesUnder(heading);
    for (const type of types) {
      const members = membersOf(join(modules, `${module}.d.ts`), type);
      expect(members.length).toBeGreaterThan(0);
      expect(members.filter((member) => !named.has(member))).toEqual([]);
    }
  });

  it.each(OBJECTS)("name what %s has in %s [14.5]", (name, module, type) => {
    const members = new Set(membersOf(join(modules, `${module}.d.ts`), type));
    const [, tables = ""] = PAGE_TEXT.split("\n## Each call, and its counterpart\n");
    const named = [...tables.matchAll(new RegExp(`\\b${name}\\.(\\w+)`, "g"))].map(
      ([, member = ""]) => member,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((member) => !members.has(member))).toEqual([]);
  });

  /** The public members of a type that Socket.IO and its engine declare: those of Node's EventEmitter have one row. */
  function membersOf(file: string, name: string): string[] {
    const source = program.getSourceFile(file);
    const symbol = source && checker.getSymbolAtLocation(source);
    const exported = symbol && checker.getExportsOfModule(symbol).find((each) => each.name === name);
    if (!exported) throw new Error(`${file} exports no ${name}`);
    const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    return checker
      .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(target))
      .filter((member) => !member.name.startsWith("_") && isPublic(member))
      .map((member) => member.name);
  }
});

function isPublic({ declarations = [] }: ts.Symbol): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return declarations.some(
    (declaration) =>
      !declaration.getSourceFile().fileName.includes("@types/node") &&
      !(ts.getCombinedModifierFlags(declaration) & hidden),
  );
}

/** What the first cells of a table name. */
function namesUnder(heading: string): ReadonlySet<string> {
  const [, section = ""] = PAGE_TEXT.split(`\n### ${heading}\n`);
  const rows = (section.split("\n### ")[0] ?? "").split("\n").filter((line) => line.startsWith("| "));
  const cells = rows.map((row) => row.split(" | ")[0] ?? "");
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name)));
}

/** What each `client.js` of the page exports. */
interface Chat {
  join(room: string): Promise<string>;
  say(room: string, text: string): Promise<string>;
  whisper(to: string, text: string): unknown;
  close(): void;
}
interface ClientModule {
  connectChat(url: string, name: string, show: (line: string) => void): Chat;
}

describe("the two chats of the page", () => {
  const chats: Chat[] = [];
  const apps: RecipeApp[] = [];
  afterEach(async () => {
    for (const chat of chats.splice(0)) chat.close();
    for (const app of apps.splice(0)) await app.kill();
  });

  it.each(["before", "after"])(
    "the chat %j joins, refuses, talks, whispers, restarts and leaves [14.5]",
    async (side) => {
      const directory = writeRecipe(project, "socket-io", filesOf(PAGE));
      const app = await RecipeApp.start({ directory, entry: `${side}/server.js` });
      apps.push(app);
      const { connectChat } = (await import(join(directory, side, "client.js"))) as ClientModule;
      const shown: Record<string, string[]> = { ada: [], bob: [], cem: [], "": [] };
      const connect = (name: string): Chat => {
        const chat = connectChat(app.address, name, (line) => shown[name]?.push(line));
        chats.push(chat);
        return chat;
      };
      const shows = async (name: string, line: string) =>
        until(`${name} to see ${line}`, () => shown[name]?.includes(line) ?? false, 20_000);

      const [ada, bob] = [connect("ada"), connect("bob")];
      expect(await ada.join("lobby")).toBe("joined");
      expect(await bob.join("lobby")).toBe("joined");
      expect(await bob.join("staff")).toBe("forbidden");
      await shows("ada", "lobby: bob is here");
      expect(await ada.say("lobby", "hello")).toBe("delivered");
      await Promise.all([shows("ada", "lobby: ada: hello"), shows("bob", "lobby: ada: hello")]);
      ada.whisper("bob", "psst");
      await shows("bob", "ada whispers: psst");
      expect(shown).toEqual({
        ada: ["lobby: bob is here", "lobby: ada: hello"],
        bob: ["lobby: ada: hello", "ada whispers: psst"],
        cem: [],
        "": [],
      });

      const cem = connect("cem");
      await cem.join("lobby");
      await shows("ada", "lobby: cem is here");
      cem.close();
      await shows("ada", "lobby: cem is gone");

      // A visitor without a name gets nothing.
      void connect("").join("lobby");
      await app.kill();
      await app.start();
      const isBack = async () =>
        (await ada.say("lobby", "back?")) === "delivered" && isSeen("lobby: ada: back?");
      const isSeen = (line: string) => shown["bob"]?.includes(line) ?? false;
      await until("both to be in their room again", isBack, 20_000);
      expect(shown[""]).toEqual([]);
    },
  );
});
