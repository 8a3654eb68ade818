import type { Clock } from "../common/clock.ts";
import type { AttemptSettings } from "../options.ts";

/**
 * Makes the sockets of a client those of the connection that the tabs share. The code for it is loaded with the first
 * attempt; the client connects by itself when it cannot be loaded.
 */
export function shareSockets(
  clock: Clock,
  settings: AttemptSettings,
  reportError: (error: unknown) => void,
): void {
  const options = { ...settings };
  const { url } = options;
  // The `import` of a bundler may throw at once, as webpack's does where the page allows trusted scripts only.
  const load = async (): Promise<void> => {
    (await import("./shared-socket.ts")).shareSockets({ clock, options, settings });
  };
  let loading: Promise<void> | undefined;
  settings.url = async () => {
    loading ??= load();
    await loading.catch(reportError);
    return typeof url === "function" ? url() : url;
  };
}
