/** The targets of each node. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * Finds the strongly connected components of a graph, by the algorithm of Tarjan: groups of nodes in which each node leads to
 * every other. A single node counts only when it leads to itself.
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
export function shortestPath(graph: Graph, members: readonly string[]): string[] {
  const [start = ""] = members;
  const inside = new Set(members);
  const paths: string[][] = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const next of graph.get(path.at(-1) ?? "") ?? []) {
      if (next === start) return [...path, next];
      if (!inside.has(next) || seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return [...members];
}
