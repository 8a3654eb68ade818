import { readFile } from "node:fs/promises";
import { defineConfig } from "tsup";
import type { Options } from "tsup";
import ts from "typescript";
import { library } from "../../tsup.base.ts";
import { INTERNAL_NAMES } from "./internal-names.config.ts";

/**
 * What is never used of reconnecting-websocket: its debug output, its listeners (`Transport` listens to the sockets
 * itself), its queue, and the counts and timers that `Transport` sets to "at once" and "never".
 */
const UNUSED = new Set(
  `_debug _listeners _callEventListener onopen onclose onerror onmessage _handleOpen _handleMessage _binaryType binaryType
  _messageQueue startClosed maxEnqueuedMessages maxRetries _retryCount minUptime _acceptOpen _uptimeTimeout
  connectionTimeout _connectTimeout _handleTimeout _clearTimeouts minReconnectionDelay maxReconnectionDelay
  reconnectionDelayGrowFactor`.split(/\s+/),
);
const USED_PUBLIC = ["close", "CLOSED"];

/** The source without the members that nobody calls, and without the statements that mention what is never used. */
function withoutUnused(source: string): string {
  const mentions = (node: ts.Node): boolean =>
    (ts.isIdentifier(node) && UNUSED.has(node.text)) || ts.forEachChild(node, mentions) === true;
  const isUnused = (node: ts.Node): boolean => {
    if (ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)) {
      const name = node.name.getText();
      const isPrivate = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) === true;
      return UNUSED.has(name) || !(isPrivate || USED_PUBLIC.includes(name));
    }
    const isPart = ts.isBindingElement(node) || ts.isPropertyAssignment(node);
    return (isPart || ts.isExpressionStatement(node) || ts.isIfStatement(node)) && mentions(node);
  };
  const prune: ts.TransformerFactory<ts.SourceFile> = (context) => {
    // From the inside out, so that of nested statements only the smallest goes.
    const visit = (node: ts.Node): ts.Node | undefined => {
      const pruned = ts.visitEachChild(node, visit, context);
      return isUnused(pruned) ? undefined : pruned;
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const [pruned = file] = ts.transform(file, [prune]).transformed;
  return ts.createPrinter().printFile(pruned);
}

/**
 * reconnecting-websocket publishes its source beside an ES5 build with helpers. The source is bundled, as far as it is
 * used: it is much smaller, and no consumer meets a CommonJS module.
 */
const reconnectingWebSocket: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "reconnecting-websocket",
  setup(build) {
    build.onResolve({ filter: /^reconnecting-websocket$/ }, ({ path, resolveDir }) =>
      build.resolve(`${path}/reconnecting-websocket.ts`, { resolveDir, kind: "import-statement" }),
    );
    build.onLoad({ filter: /reconnecting-websocket\.ts$/ }, async ({ path }) => ({
      contents: withoutUnused(await readFile(path, "utf8")),
      loader: "ts",
    }));
  },
};

export default defineConfig({
  ...(library(["src/index.ts"]) as Options),
  noExternal: ["reconnecting-websocket"],
  esbuildPlugins: [reconnectingWebSocket],
  esbuildOptions(options) {
    // Beside them, the private members of reconnecting-websocket; this package's own are `#private`.
    options.mangleProps = new RegExp(`^(_[a-z].*|${INTERNAL_NAMES.join("|")})$`);
  },
});
