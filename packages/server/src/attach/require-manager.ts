/**
 * The manager among the options of a runtime's entry.
 *
 * @param call how the entry is called, for the error
 * @throws TypeError when there is none
 */
export function requireManager<TManager extends object>(
  call: string,
  options: { readonly manager: TManager } | undefined,
): TManager {
  const manager = (options as Partial<{ readonly manager: TManager | null }> | undefined)?.manager;
  if (typeof manager === "object" && manager !== null && "handleOpen" in manager) return manager;
  throw new TypeError(`manager is missing: write ${call}, with { manager } = createWebSocketSystem({ … })`);
}
