// The tables of options in the READMEs: each names every member of its type and no other, with the number that stands beside the type.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const PACKAGES = join(import.meta.dirname, "../../packages");
const read = (path: string): string => readFileSync(join(PACKAGES, path), "utf8");

/** The type of a table, and members that it has from elsewhere. */
type Source = readonly [file: string, type: string, others?: readonly string[]];

/** For each package, the types of the tables of its README, in their order. */
const SOURCES: Readonly<Record<string, readonly Source[]>> = {
  server: [
    ["config.ts", "WebSocketManagerConfig"],
    ["management/metrics.ts", "Metrics", ["totalUsers", "totalConnections"]],
  ],
  client: [["options.ts", "WebSocketClientOptions"]],
  react: [["message-types.ts", "UseMessagesOptions", ["load", "initial"]]],
  redis: [["options.ts", "RedisOptions", ["url", "client"]]],
  "better-auth": [
    ["options.ts", "BetterAuthAuthenticatorOptions"],
    ["plugin.ts", "HalyardPluginOptions"],
  ],
  protocol: [
    ["definition.ts", "MessagePolicy"],
    ["definition.ts", "RequestPolicy"],
  ],
  testing: [
    ["network/test-network.ts", "TestNetworkOptions"],
    ["clock/test-clock.ts", "TestClockOptions"],
    ["backplane/shared-backplane.ts", "SharedBackplaneOptions"],
    ["proxy/fault-proxy.ts", "FaultProxyOptions"],
    ["nemesis/nemesis.ts", "NemesisOptions"],
    ["delivery/delivery-checker.ts", "DeliveryCheckerOptions"],
    ["delivery/delivery-recorder.ts", "DeliveryRecorderOptions"],
  ],
};

interface Table {
  /** The names in the first cell of each row. */
  readonly names: readonly string[];
  /** What the row of a name says about its default. */
  readonly defaults: ReadonlyMap<string, string>;
}

/** The tables of a README that are about options or fields, in their order. */
function tablesOf(name: string): Table[] {
  const heads = /^\|( (?:option|field|of `create)[^\n]*)\n\|[^\n]*\n((?:\|[^\n]*\n)+)/gm;
  return [...read(`${name}/README.md`).matchAll(heads)].map(([, head = "", body = ""]) => {
    const column = cellsOf(`|${head}`).indexOf("default");
    const rows = body.trim().split("\n").map(cellsOf);
    const named = rows.map(([cell = "", ...rest]) => [namesIn(cell), rest[column - 1] ?? ""] as const);
    return {
      names: named.flatMap(([names]) => names),
      defaults: new Map(named.flatMap(([names, text]) => names.map((each) => [each, text] as const))),
    };
  });
}

/** The cells of a row; a bar inside of code divides no cells. */
const cellsOf = (row: string): string[] =>
  row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The names of the options in a cell: of `chat.beforePublish` and of `ephemeral: { everyMs, keep }` the option itself. */
const namesIn = (cell: string): string[] => [...cell.matchAll(/`(\w+)[^`]*`/g)].map(([, name = ""]) => name);

/** The members of an interface, each with its `@default`. */
function membersOf(name: string, [file, type, others = []]: Source): Map<string, string> {
  const source = ts.createSourceFile(file, read(`${name}/src/${file}`), ts.ScriptTarget.Latest, true);
  const [found] = source.statements.filter(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === type,
  ) as ts.InterfaceDeclaration[];
  const members = new Map(others.map((other) => [other, ""]));
  for (const member of found?.members ?? []) {
    const [tag] = ts.getJSDocTags(member).filter(({ tagName }) => tagName.text === "default");
    members.set(member.name?.getText() ?? "", ts.getTextOfJSDocComment(tag?.comment) ?? "");
  }
  return members;
}

describe.each(Object.entries(SOURCES))("the README of %s", (name, sources) => {
  const tables = tablesOf(name);

  it("has a table for each of its types", () => {
    expect(tables).toHaveLength(sources.length);
  });

  it.each(sources.map((source, index) => [source[1], source, index] as const))(
    "names the members of %s, and their defaults",
    (_, source, index) => {
      const { names = [], defaults = new Map<string, string>() } = tables[index] ?? {};
      const members = membersOf(name, source);
      expect([...new Set(names)].sort()).toEqual([...members.keys()].sort());
      for (const [member, text] of members) {
        const said = /^`?([\d_,]+)`?(?: ms)?$/.exec(defaults.get(member) ?? "")?.[1];
        if (said !== undefined) expect(said.replaceAll(/\D/g, ""), member).toBe(text.replaceAll(/\D/g, ""));
      }
    },
  );
});
