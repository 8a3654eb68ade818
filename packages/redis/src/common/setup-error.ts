/** Something that no further attempt changes: the version or the settings of Redis, or of the other nodes. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
