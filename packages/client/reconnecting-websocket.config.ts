import ts from "typescript";

/**
 * What is never used of reconnecting-websocket: its debug output, its listeners and its answer to errors (`Transport`
 * listens to the sockets itself, and a close follows each error), its queue, its own subprotocols, and all counts and
 * timers, so that it reconnects at once and for ever: the waits are in the address provider.
 */
const UNUSED = new Set(
  `_debug _listeners _callEventListener onopen onclose onerror onmessage _handleOpen _handleMessage _binaryType binaryType
  _messageQueue startClosed maxEnqueuedMessages maxRetries _retryCount minUptime _acceptOpen _uptimeTimeout
  connectionTimeout _connectTimeout _handleTimeout _clearTimeouts minReconnectionDelay maxReconnectionDelay
  reconnectionDelayGrowFactor _handleError _disconnect _protocols CLOSED isWebSocket getGlobalWebSocket`.split(
    /\s+/,
  ),
);

/**
 * The published source of reconnecting-websocket without what mentions the unused. The source, because what is published
 * beside it is an ES5 build with helpers, several times the size. The tests run on the same.
 */
export function withoutUnused(source: string): string {
  const prune: ts.TransformerFactory<ts.SourceFile> = (context) => {
    // From the inside out, so that of nested statements only the smallest goes.
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
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
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
    return node.declarationList.declarations.every(({ name }) => takesNothing(name));
  const isPart = ts.isBindingElement(node) || ts.isPropertyAssignment(node);
  return (isPart || ts.isExpressionStatement(node) || ts.isIfStatement(node)) && mentions(node);
}

function takesNothing(name: ts.BindingName): boolean {
  return ts.isObjectBindingPattern(name) && name.elements.length === 0;
}

function mentions(node: ts.Node): boolean {
  return (ts.isIdentifier(node) && UNUSED.has(node.text)) || ts.forEachChild(node, mentions) === true;
}
