import type { Logger } from "../logger.ts";

/** An optimization that relies on internals of Node or ws. */
export type Optimization = "raw socket write" | "fast text reader";

const CONSEQUENCES: Readonly<Record<Optimization, string>> = {
  "raw socket write": "frames are written through the socket's stream",
  "fast text reader": "frames are read by the receiver of ws",
};

/**
 * Logs that an optimization does not work although it should: on Node, but not on a runtime that imitates Node.
 *
 * @returns a function that warns once about each optimization
 */
export function createFallbackLog(
  logger: Logger,
  isNode = process.versions["bun"] === undefined,
): (optimization: Optimization) => void {
  const logged = new Set<Optimization>();
  return (optimization) => {
    if (!isNode || logged.has(optimization)) return;
    logged.add(optimization);
    logger.warn(
      { node: process.version },
      `the ${optimization} does not fit this version of Node or ws: ${CONSEQUENCES[optimization]}, which is slower`,
    );
  };
}
