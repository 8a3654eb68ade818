import { useEffect, useState } from "react";
import type { ClusterAction, ClusterStatus, NodeStatus } from "../../shared/cluster.ts";
import { act, watchCluster } from "../chat/cluster.ts";
import { useRequest } from "../chat/halyard.ts";
import { useOnOpen } from "../chat/use-on-open.ts";
import { useToasts } from "../lib/toasts.ts";

/** The nodes of the cluster and the node of this page, with buttons that stop them. Empty if there is only one node. */
export function ClusterPanel() {
  const { data, refetch } = useRequest("which_node", undefined, { enabled: false });
  useOnOpen(refetch);
  return data?.name === undefined ? null : <Panel node={data.name} />;
}

function Panel({ node }: { readonly node: string }) {
  const toasts = useToasts();
  const [status, setStatus] = useState<ClusterStatus>();
  useEffect(() => watchCluster(setStatus), []);
  const run = (action: ClusterAction) => {
    act(action).catch(() => toasts.show("The cluster could not do this."));
  };
  const up = status?.nodes.filter((each) => each.status === "up").length ?? 0;
  const isStopped = status?.redis === "stopped";
  return (
    <section className="cluster" aria-label="Cluster" data-testid="cluster">
      <p>
        You are on node <strong data-testid="node">{node}</strong>
        {status && <span data-testid="nodes-up">, one of {up}</span>}
      </p>
      <ul>
        {status?.nodes.map((each) => (
          <li key={each.name} data-status={each.status} data-current={each.name === node || undefined}>
            <span className="cluster-light" aria-hidden="true" />
            {each.name} <small>{describe(each)}</small>
          </li>
        ))}
        {status && (
          <li data-status={isStopped ? "down" : "up"} data-testid="redis">
            <span className="cluster-light" aria-hidden="true" />
            Redis <small>{status.redis}</small>
          </li>
        )}
      </ul>
      <div className="cluster-actions">
        <button type="button" onClick={() => run({ action: "kill", node })}>
          Kill this node
        </button>
        <button type="button" onClick={() => run({ action: "maintain", node })}>
          Maintain it
        </button>
        <button type="button" onClick={() => run({ action: isStopped ? "start-redis" : "stop-redis" })}>
          {isStopped ? "Start Redis" : "Stop Redis"}
        </button>
      </div>
    </section>
  );
}

function describe({ runtime, status }: NodeStatus): string {
  const name = runtime === "bun" ? "Bun" : "Node";
  return status === "up" ? name : `${name}, ${status}`;
}
