import { CLUSTER_PATH } from "../../shared/cluster.ts";
import type { ClusterAction, ClusterStatus } from "../../shared/cluster.ts";

const PERIOD_MS = 500;

/** Watches the cluster of the page. @returns a function that ends the watch */
export function watchCluster(onStatus: (status: ClusterStatus | undefined) => void): () => void {
  const ended = new AbortController();
  const look = async () => {
    onStatus(await readStatus(ended.signal).catch(() => undefined));
  };
  void look();
  const timer = setInterval(() => void look(), PERIOD_MS);
  return () => {
    clearInterval(timer);
    ended.abort();
  };
}

/** Stops a part of the cluster, or starts it again. */
export async function act(action: ClusterAction): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(CLUSTER_PATH, { method: "POST", headers, body: JSON.stringify(action) });
  if (!response.ok) throw new Error(`the cluster answered ${response.status}`);
}

async function readStatus(signal: AbortSignal): Promise<ClusterStatus> {
  const response = await fetch(CLUSTER_PATH, { cache: "no-store", signal });
  return (await response.json()) as ClusterStatus;
}
