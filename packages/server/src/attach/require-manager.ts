/**
 * The manager among the options of a runtime's entry.
 *
 * @param call how the entry is called, for the error
 * @throws TypeError when there is none
 */
function requireManager<TManager extends object>(
  call: string,
  options: { readonly manager: TManager } | undefined,
): TManager {
  const manager = (options as Partial<{ readonly manager: TManager | null }> | undefined)?.manager;
  if (typeof manager === "object" && manager !== null && "handleOpen" in manager) return manager;
  throw new TypeError(`manager is missing: write ${call}, with { manager } = createWebSocketSystem({ … })`);
}

/**
 * The parts of the manager among the options of a runtime's entry. The manager may be of another copy of this package.
 *
 * @param internals the parts of all managers
 * @throws TypeError when there is no manager, or that of a version that this one cannot serve
 */
export function internalsOf<TParts>(
  internals: WeakMap<object, TParts>,
  call: string,
  options: { readonly manager: object } | undefined,
): TParts {
  const parts = internals.get(requireManager(call, options));
  if (parts !== undefined) return parts;
  throw new TypeError(
    "This manager is of another version of @halyard/server: npm ls @halyard/server, npm dedupe",
  );
}
