/** The targets of each node. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * Finds the groups of nodes in which each node leads to every other (strongly connected components, by Tarjan's
 * algorithm). A single node counts only when it leads to itself.
 */
export function findCircles(graph: Graph): string[][] {
  const circles: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();

  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    stack.push(node);
    onStack.add(node);
    for (const next of graph.get(node) ?? []) {
      const reached = index.has(next) ? index.get(next) : visit(next);
      if (onStack.has(next)) lower(node, Math.min(reached ?? own, low.get(next) ?? own));
    }
    if (low.get(node) === own) close(node);
    return own;
  };
  const lower = (node: string, to: number) => low.set(node, Math.min(low.get(node) ?? to, to));
  const close = (first: string) => {
    const members = stack.splice(stack.indexOf(first));
    for (const member of members) onStack.delete(member);
    if (members.length > 1 || graph.get(first)?.includes(first) === true) circles.push(members);
  };

  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return circles;
}

/** The shortest path from the first member of a circle back to itself: `a → b → a`. */
export function shortestWay(graph: Graph, members: readonly string[]): string[] {
  const [start = ""] = members;
  const inside = new Set(members);
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? "") ?? []) {
      if (next === start) return [...way, next];
      if (!inside.has(next) || seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return [...members];
}
