import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { INTERNAL_NAMES } from "../internal-names.config.ts";

function sourcesOf(directory: string): string[] {
  return readdirSync(directory, { encoding: "utf8", recursive: true })
    .filter((name) => /(?<!\.test|\.test-d)\.ts$/.test(name))
    .map((name) => readFileSync(join(directory, name), "utf8").replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, ""));
}

const wordsOf = (text: string): string[] => text.match(/\w+/g) ?? [];
const client = sourcesOf(import.meta.dirname).join("\n\n");
const protocol = sourcesOf(join(import.meta.dirname, "../../protocol/src")).join("\n\n");

describe("the names that the build shortens", () => {
  it("occur in no declaration that the package exports", () => {
    const index = readFileSync(join(import.meta.dirname, "index.ts"), "utf8");
    const exported = [...index.matchAll(/^export (?:type )?\{([^}]+)\} from "\./gm)].flatMap(
      ([, list = ""]) => wordsOf(list).filter((name) => name !== "type"),
    );
    const declarations = exported.map((name) => {
      const pattern = new RegExp(
        `^export (?:interface|type|function) ${name}\\b[^]*?(?:\\n\\n|$(?![^]))`,
        "m",
      );
      const [text] = pattern.exec(client) ?? [];
      expect(text, name).toBeDefined();
      return text;
    });
    expect(exported.length).toBeGreaterThan(20);
    const words = wordsOf(declarations.join("\n"));
    expect(INTERNAL_NAMES.filter((name) => words.includes(name))).toEqual([]);
  });

  it("occur nowhere in the protocol's source", () => {
    expect(INTERNAL_NAMES.filter((name) => wordsOf(protocol).includes(name))).toEqual([]);
  });

  it("are all used in the client's source, and never as a string", () => {
    expect(INTERNAL_NAMES.filter((name) => !wordsOf(client).includes(name))).toEqual([]);
    expect(INTERNAL_NAMES.filter((name) => client.includes(`"${name}"`))).toEqual([]);
  });
});
