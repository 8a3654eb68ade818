/** A flag, as the scripts take it. */
export function flagOf(isSet: boolean | undefined): string {
  return isSet === true ? "1" : "";
}
