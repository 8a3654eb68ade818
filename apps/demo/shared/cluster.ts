// The state and the actions of `demo:cluster` as the page uses them. Types and a path only, because the page must not load zod.

export interface NodeStatus {
  readonly name: string;
  readonly runtime: "node" | "bun";
  readonly status: "up" | "draining" | "down";
}

export interface ClusterStatus {
  readonly nodes: readonly NodeStatus[];
  readonly redis: "up" | "stopped";
}

/** The path of the cluster: GET answers its status, and POST with a {@link ClusterAction} changes it. */
export const CLUSTER_PATH = "/cluster";

export type ClusterAction =
  | { readonly action: "kill" | "maintain"; readonly node: string }
  | { readonly action: "stop-redis" | "start-redis" };
