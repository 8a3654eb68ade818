// Environment variables that each switch one optimization off, for an operator who suspects it.
// Read by the entries for Node and Bun, which pass in the environment, because the core knows no runtime.
// Guarantees: with an optimization off, the server does the same more slowly; the log names once per entry what is off.
import type { Logger } from "../logger.ts";

/** Which optimizations are on. */
export interface KillSwitches {
  /** `node/raw-socket-write.ts` */
  readonly rawSocketWrite: boolean;
  /** `node/fast-text-reader.ts` */
  readonly fastTextReader: boolean;
  /** `delivery/batch-group.ts` */
  readonly batchGroups: boolean;
  /** `memory/request-result-cache.ts` */
  readonly resultCache: boolean;
}

const VARIABLES: Readonly<Record<keyof KillSwitches, string>> = {
  rawSocketWrite: "HALYARD_RAW_SOCKET_WRITE",
  fastTextReader: "HALYARD_FAST_TEXT_READER",
  batchGroups: "HALYARD_BATCH_GROUPS",
  resultCache: "HALYARD_RESULT_CACHE",
};

/** @returns which optimizations are on: those whose variable is not `off` */
export function readKillSwitches(env: Readonly<Record<string, string | undefined>>): KillSwitches {
  const isOn = (name: keyof KillSwitches): boolean => env[VARIABLES[name]] !== "off";
  return {
    rawSocketWrite: isOn("rawSocketWrite"),
    fastTextReader: isOn("fastTextReader"),
    batchGroups: isOn("batchGroups"),
    resultCache: isOn("resultCache"),
  };
}

/** The parts of the core that have a switch. A custom backplane has none. */
export interface SwitchedParts {
  readonly writer: object;
  readonly backplane: object;
  readonly logger: Logger;
}

/** Applies the switches to the parts of the core, and logs what is off. */
export function applyKillSwitches(
  switches: KillSwitches,
  { writer, backplane, logger }: SwitchedParts,
): void {
  if (!switches.batchGroups) switchOff(writer, "usesBatchGroups");
  if (!switches.resultCache) switchOff(backplane, "usesResultCache");
  const names = Object.keys(VARIABLES) as (keyof KillSwitches)[];
  const off = names.filter((name) => !switches[name]).map((name) => VARIABLES[name]);
  if (off.length > 0) logger.info({ off }, "optimizations are switched off by the environment");
}

function switchOff(part: object, flag: "usesBatchGroups" | "usesResultCache"): void {
  if (flag in part) Reflect.set(part, flag, false);
}
