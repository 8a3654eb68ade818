// The layers of each package, from top to bottom: a file imports from its own layer and from the layers below.
// `eslint.config.js` makes lint zones of them; `pnpm house` checks every import, also of types.
// A source file must be in a layer: a new folder is added here first.

/** Folders (`handshake/`) and files (`node.ts`) of `src`; `*` is every file of a `src` without folders. */
export type Layer = readonly string[];

export const layers: Readonly<Record<string, readonly Layer[]>> = {
  "packages/protocol/src": [["*", "validation/"], ["utils/"]],
  "packages/server/src": [
    ["node.ts", "node/", "bun.ts", "bun/"],
    [
      "index.ts",
      "prometheus.ts",
      "publisher.ts",
      "system.ts",
      "manager.ts",
      "server.ts",
      "handlers.ts",
      "assembly.ts",
      "welcome-finisher.ts",
      "management/",
    ],
    ["attach/"],
    ["cluster/"],
    ["handshake/"],
    ["messages/", "config.ts"],
    ["presence/"],
    ["channels/"],
    ["connection/"],
    ["delivery/"],
    ["security/"],
    ["memory/"],
    ["application/"],
    ["logging/"],
    ["availability/"],
    ["metrics/"],
    ["utils/"],
    [
      "types.ts",
      "backplane.ts",
      "backplane-history.ts",
      "backplane-clients.ts",
      "limits.ts",
      "logger.ts",
      "security-event.ts",
      "session-watch.ts",
    ],
  ],
  "packages/client/src": [
    ["index.ts", "create-web-socket-client.ts", "client.ts", "web-socket-client.ts"],
    ["storage/", "sharing/"],
    ["rooms/"],
    ["messaging/"],
    ["connection/"],
    ["options.ts"],
    ["common/"],
  ],
  "packages/react/src": [
    ["index.ts", "create-halyard-react.ts", "halyard-react.ts"],
    ["hooks/", "message-types.ts", "request-types.ts"],
    ["stores/"],
    ["common/"],
  ],
  "packages/better-auth/src": [
    ["index.ts", "client.ts", "plugin.ts", "authenticator.ts"],
    ["watch/"],
    ["upgrade/"],
    ["identity/"],
    ["options.ts"],
  ],
  "packages/redis/src": [
    ["index.ts", "create-redis-backplane.ts"],
    ["redis-backplane.ts", "redis-backplane-parts.ts"],
    ["presence/"],
    ["records/"],
    ["link/"],
    ["scripts/"],
    ["options.ts"],
    ["common/"],
  ],
  "packages/testing/src": [
    ["index.ts", "node.ts"],
    ["network/"],
    ["backplane/"],
    ["delivery/"],
    ["proxy/"],
    ["nemesis/"],
    ["clock/"],
    ["utils/"],
  ],
};

/** The layer of a file, counted from the top; undefined for a file of `src` that no layer names. */
export function layerOf(src: string, path: string): number | undefined {
  const [first = "", ...rest] = path.slice(src.length + 1).split("/");
  const member = rest.length > 0 ? `${first}/` : first;
  const found = layers[src]?.findIndex((layer) =>
    layer.includes(rest.length === 0 && layer[0] === "*" ? "*" : member),
  );
  return found === -1 ? undefined : found;
}

/** The name of a layer in messages. */
export function nameOf(layer: Layer): string {
  return layer.join(", ");
}
