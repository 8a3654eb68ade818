import type { Chance } from "../nemesis/chance.ts";
import type { Fault, Strike } from "../nemesis/nemesis.ts";
import type { FaultConnection } from "./fault-connection.ts";
import type { FaultProxy } from "./fault-proxy.ts";

/** The names of the faults: each strikes one open connection; `refuse` strikes new ones. */
export type ProxyFault = "cut" | "cutAfter" | "delay" | "halfOpen" | "limit" | "refuse" | "stall";

/**
 * The faults of a proxy for a nemesis. Each strikes a random connection that is open.
 *
 * @example
 * const nemesis = createNemesis({ seed: 7, faults: { ...proxyFaults(proxy), kill: { strike: () => killServer() } } });
 */
export function proxyFaults(proxy: FaultProxy): Record<ProxyFault, Fault> {
  const onOne = (strike: StrikeConnection): Fault["strike"] => onRandomConnection(proxy, strike);
  return {
    cut: {
      strike: onOne((connection) => {
        connection.cut();
        return {};
      }),
    },
    cutAfter: {
      strike: onOne((connection, chance) => {
        const direction = chance.pick(["up", "down"] as const) ?? "up";
        const bytes = chance.integer(1, 4_096);
        connection.cutAfter(bytes, direction);
        return { what: `after ${bytes} bytes ${direction}` };
      }),
    },
    delay: {
      strike: onOne((connection, chance) => {
        const ms = chance.integer(5, 300);
        connection.delay(ms, ms);
        return { what: `by ${ms} to ${2 * ms} ms`, heal: resume(connection) };
      }),
    },
    halfOpen: {
      // Rare, because each costs its client the time of a heartbeat.
      weight: 0.5,
      strike: onOne((connection, chance) => {
        const gone = chance.pick(["client", "server"] as const) ?? "server";
        connection.halfOpen(gone);
        return { what: `without its ${gone}` };
      }),
    },
    limit: {
      strike: onOne((connection, chance) => {
        const bytesPerSecond = chance.integer(1_000, 50_000);
        connection.limit(bytesPerSecond);
        return { what: `to ${bytesPerSecond} bytes per second`, heal: resume(connection) };
      }),
    },
    refuse: {
      weight: 0.5,
      strike: () => {
        proxy.refuse();
        return { what: "new connections", heal: () => proxy.accept() };
      },
    },
    stall: {
      strike: onOne((connection, chance) => {
        const direction = chance.pick(["up", "down", "both"] as const) ?? "both";
        connection.stall(direction);
        return { what: direction, heal: resume(connection) };
      }),
    },
  };
}

type StrikeConnection = (connection: FaultConnection, chance: Chance) => Strike;

/** Strikes a connection that is open at both ends; a half-open one is broken already. */
function onRandomConnection(proxy: FaultProxy, strike: StrikeConnection): Fault["strike"] {
  return (chance) => {
    const connection = chance.pick(proxy.connections.filter(({ state }) => state === "open"));
    if (!connection) return undefined;
    const { what = "", heal } = strike(connection, chance);
    return { what: `connection ${connection.id} ${what}`.trimEnd(), heal };
  };
}

function resume(connection: FaultConnection): () => void {
  return () => connection.resume();
}
