import type { AttemptSettings } from "../options.ts";

type Prepare = () => Promise<void>;

/**
 * Loads code before the first attempt to connect, and calls the function that it returns, if any, before each attempt. If the code
 * fails, the client connects without it.
 */
export function loadFirst(
  settings: AttemptSettings,
  load: () => Promise<Prepare | void>,
  reportError: (error: unknown) => void,
): void {
  const { url } = settings;
  let loading: Promise<Prepare | void> | undefined;
  settings.url = async () => {
    loading ??= load().catch(reportError);
    const prepare = await loading;
    await prepare?.();
    return typeof url === "function" ? url() : url;
  };
}
