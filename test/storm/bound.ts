// A measured figure and its upper bound. The storms print bounds as a table, and fail when a figure is above its bound.
import { table } from "../../scripts/table.ts";

export interface Bound {
  readonly figure: string;
  readonly measured: number;
  readonly bound: number;
  readonly holds: boolean;
}

export function atMost(figure: string, measured: number, bound: number): Bound {
  return { figure, measured, bound, holds: measured <= bound };
}

/** The bounds as a table with a row each. */
export function boundTable(bounds: readonly Bound[]): string {
  const rows = bounds.map(({ figure, measured, bound, holds }) => [
    figure,
    measured,
    bound,
    holds ? "pass" : "FAIL",
  ]);
  return table(["figure", "measured", "bound", "result"], rows);
}

/** A sentence for each bound that was exceeded. */
export function faultsIn(bounds: readonly Bound[]): string[] {
  return bounds
    .filter(({ holds }) => !holds)
    .map(({ figure, measured, bound }) => `${figure}: ${String(measured)}, more than ${String(bound)}`);
}
