// A measured figure beside the bound that it must keep.
// The storms print them as a table; a bound that is exceeded fails the command.
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

/** The bounds as a table, one line each. */
export function boundTable(bounds: readonly Bound[]): string {
  const rows = bounds.map(({ figure, measured, bound, holds }) => [
    figure,
    measured,
    bound,
    holds ? "pass" : "FAIL",
  ]);
  return table(["figure", "measured", "bound", "result"], rows);
}

/** The bounds that were exceeded, in words. */
export function faultsIn(bounds: readonly Bound[]): string[] {
  return bounds
    .filter(({ holds }) => !holds)
    .map(({ figure, measured, bound }) => `${figure}: ${String(measured)}, more than ${String(bound)}`);
}
