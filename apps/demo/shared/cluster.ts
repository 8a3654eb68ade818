// What the page shows of `demo:cluster`, and asks of it. Types and a path only: the page has no zod.

export interface NodeStatus {
  readonly name: string;
  readonly runtime: "node" | "bun";
  readonly status: "up" | "draining" | "down";
}

export interface ClusterStatus {
  readonly nodes: readonly NodeStatus[];
  readonly redis: "up" | "stopped";
}

/** GET answers the status; POST with a body of {@link ClusterAction} does something. */
export const CLUSTER_PATH = "/cluster";

export type ClusterAction =
  | { readonly action: "kill" | "maintain"; readonly node: string }
  | { readonly action: "stop-redis" | "start-redis" };
