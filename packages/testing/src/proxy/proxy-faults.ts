import type { Chance } from "../nemesis/chance.ts";
import type { Fault, Strike } from "../nemesis/nemesis.ts";
import type { FaultConnection } from "./fault-connection.ts";
import type { FaultProxy } from "./fault-proxy.ts";

/** What `proxyFaults` can do to one of the open connections, or to new ones. */
export type ProxyFault = "cut" | "cutAfter" | "delay" | "halfOpen" | "limit" | "refuse" | "stall";

/**
 * Faults for a nemesis: each strikes one of the proxy's connections, by chance.
 *
 * @example
 * const nemesis = createNemesis({ seed: 7, faults: { ...proxyFaults(proxy), kill: { strike: () => killServer() } } });
 */
export function proxyFaults(proxy: FaultProxy): Record<ProxyFault, Fault> {
  const one = (strike: StrikeOne): Fault["strike"] => strikeOne(proxy, strike);
  return {
    cut: {
      strike: one((connection) => {
        connection.cut();
        return {};
      }),
    },
    cutAfter: {
      strike: one((connection, chance) => {
        const direction = chance.pick(["up", "down"] as const) ?? "up";
        const bytes = chance.integer(1, 4_096);
        connection.cutAfter(bytes, direction);
        return { what: `after ${bytes} bytes ${direction}` };
      }),
    },
    delay: {
      strike: one((connection, chance) => {
        const ms = chance.integer(5, 300);
        connection.delay(ms, ms);
        return { what: `by ${ms} to ${2 * ms} ms`, heal: resume(connection) };
      }),
    },
    halfOpen: {
      // Rare, because each costs a client the time in which it finds out.
      weight: 0.5,
      strike: one((connection, chance) => {
        const gone = chance.pick(["client", "server"] as const) ?? "server";
        connection.halfOpen(gone);
        return { what: `without its ${gone}` };
      }),
    },
    limit: {
      strike: one((connection, chance) => {
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
      strike: one((connection, chance) => {
        const direction = chance.pick(["up", "down", "both"] as const) ?? "both";
        connection.stall(direction);
        return { what: direction, heal: resume(connection) };
      }),
    },
  };
}

type StrikeOne = (connection: FaultConnection, chance: Chance) => Strike;

/** Strikes one that is whole: who is struck already has trouble enough. */
function strikeOne(proxy: FaultProxy, strike: StrikeOne): Fault["strike"] {
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
