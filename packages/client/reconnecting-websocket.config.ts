import ts from "typescript";

/**
 * The members of reconnecting-websocket that the client does not use: debug output, listeners and error handling (the
 * reconnector listens to the sockets itself, and a close follows each error), the message queue, options, and all
 * counters, locks and timers. Without these, the library reconnects at once and without end: the reconnector waits for it.
 */
const UNUSED = new Set(
  `_debug _listeners _callEventListener onopen onclose onerror onmessage _handleOpen _handleMessage _binaryType binaryType
  _messageQueue startClosed maxEnqueuedMessages maxRetries _retryCount minUptime _acceptOpen _uptimeTimeout
  connectionTimeout _connectTimeout _handleTimeout _clearTimeouts minReconnectionDelay maxReconnectionDelay
  reconnectionDelayGrowFactor _handleError _disconnect _protocols CLOSED isWebSocket getGlobalWebSocket _connectLock
  _removeListeners _getNextDelay _wait _getNextUrl _closeCalled _options`.split(/\s+/),
);

/** What takes the place of unused members inside statements that stay. */
const SIMPLER: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // The address is always a function, and the library has nothing to wait for before it.
  [/this\._wait\(\)\s*\.then\(\(\) => this\._getNextUrl\(this\._url\)\)/, "this._url()"],
  // After close(), both are set.
  [/if \(this\._closeCalled\)/, "if (!this._shouldReconnect)"],
  // The "URL" is the next socket itself, which the reconnector has created.
  [/WebSocket = getGlobalWebSocket\(\),/, ""],
  [/: new WebSocket\(url\)/, ": url"],
  [/close\(code: number = 1000, reason\?: string\)/, "close(code: number)"],
  [/this\._ws\.close\(code, reason\)/, "this._ws.close(code)"],
  [/, protocols\?: string \| string\[\], options: Options = \{\}/, ""],
];

/**
 * The published source of reconnecting-websocket, without each statement that mentions an unused member. The package's
 * build is ES5 with helpers, several times the size. The tests run on the same pruned source.
 */
export function withoutUnused(source: string): string {
  const prune: ts.TransformerFactory<ts.SourceFile> = (context) => {
    // Children first, so that only the innermost statement is removed.
    const visit = (node: ts.Node): ts.Node | undefined => {
      const pruned = ts.visitEachChild(node, visit, context);
      if (
        ts.isBindingElement(pruned) &&
        pruned.initializer &&
        mentions(pruned.initializer) &&
        !mentions(pruned.name)
      )
        return ts.factory.updateBindingElement(pruned, undefined, undefined, pruned.name, undefined);
      if (ts.isConditionalExpression(pruned) && mentions(pruned.condition)) return pruned.whenFalse;
      return isUnused(pruned) ? undefined : pruned;
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
  const simpler = SIMPLER.reduce((text, [pattern, replacement]) => {
    if (!pattern.test(text)) throw new Error(`reconnecting-websocket has no ${String(pattern)}`);
    return text.replace(pattern, replacement);
  }, source);
  const file = ts.createSourceFile("source.ts", simpler, ts.ScriptTarget.Latest, true);
  const [pruned = file] = ts.transform(file, [prune]).transformed;
  return ts.createPrinter().printFile(pruned);
}

function isUnused(node: ts.Node): boolean {
  if (ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)) {
    const name = node.name.getText();
    const isPrivate = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) === true;
    return UNUSED.has(name) || !(isPrivate || name === "close");
  }
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.every(({ name }) => bindsNothing(name));
  const isPart = ts.isBindingElement(node) || ts.isPropertyAssignment(node);
  return (isPart || ts.isExpressionStatement(node) || ts.isIfStatement(node)) && mentions(node);
}

function bindsNothing(name: ts.BindingName): boolean {
  return ts.isObjectBindingPattern(name) && name.elements.length === 0;
}

function mentions(node: ts.Node): boolean {
  return (ts.isIdentifier(node) && UNUSED.has(node.text)) || ts.forEachChild(node, mentions) === true;
}
