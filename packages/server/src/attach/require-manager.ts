/**
 * Reads the manager from the options of a runtime's entry function.
 *
 * @param call the name of the entry function, for the error message
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
 * Reads the parts of the manager from the options of a runtime's entry function. The manager may come from another copy of this package.
 *
 * @param internals the parts of all managers
 * @throws TypeError when there is no manager, or when its version is one that this copy cannot serve
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
