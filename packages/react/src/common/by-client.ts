import type { AnyClient } from "./client-view.ts";

/** What the hooks of one client share, by name. @returns a function that gives the map of a client */
export function mapsByClient<T>(): (client: AnyClient) => Map<string, T> {
  const byClient = new WeakMap<AnyClient, Map<string, T>>();
  return (client) => {
    const map = byClient.get(client) ?? new Map<string, T>();
    byClient.set(client, map);
    return map;
  };
}
