import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The TypeScript of a page, block by block. */
export function blocksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = ""]) => code);
}

/** Where the names come from that pages use without importing them. */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  "@halyard/better-auth": ["betterAuthAuthenticator", "halyard"],
  "@halyard/client": ["createWebSocketClient"],
  "@halyard/protocol": ["defineProtocol", "message", "request", "type ProtocolOf"],
  "@halyard/server": ["createWebSocketSystem"],
  "@halyard/server/bun": ["createBunWebSocket"],
  "@halyard/server/node": ["attachWebSocketServer"],
  "@halyard/testing": ["createTestClock", "createTestNetwork"],
  "better-auth": ["betterAuth"],
  "better-auth/node": ["toNodeHandler"],
  "node:http": ["createServer"],
  zod: ["z"],
};

/** A block with an import for each name that it uses and does not have; `own` names modules beside it. */
export function complete(block: string, own: Readonly<Record<string, readonly string[]>>): string {
  const lines = Object.entries({ ...IMPORTS, ...own }).map(([module, names]) => {
    const lacking = names.filter((name) => uses(block, name.replace("type ", "")));
    return lacking.length === 0 ? "" : `import { ${lacking.join(", ")} } from "${module}";\n`;
  });
  return `${lines.join("")}${block}`;
}

function uses(block: string, name: string): boolean {
  const code = block.replace(/\/\/.*$/gm, "").replace(/"[^"]*"/g, '""');
  const isUsed = new RegExp(`(?<![.\\w])${name}\\b(?!\\??:)`).test(code);
  const isDeclared = new RegExp(`^(export )?(const|let|function|class|interface|type) ${name}\\b`, "m").test(
    code,
  );
  const isImported = new RegExp(`^import [^;]*\\b${name}\\b[^;]*;`, "ms").test(code);
  const isBound = new RegExp(`^(export )?const \\{[^}]*\\b${name}\\b[^}]*\\}`, "m").test(code);
  return isUsed && !isDeclared && !isImported && !isBound;
}
