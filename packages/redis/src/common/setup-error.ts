/** A failure that no further attempt changes: the version or the settings of Redis, or the settings of the other nodes. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
