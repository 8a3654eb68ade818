/** Runs `stop` once, at the first SIGTERM or SIGINT; a second one ends the process as it would without us. */
export function onShutdown(stop: () => Promise<void>): void {
  const begin = () => {
    process.off("SIGTERM", begin).off("SIGINT", begin);
    // Nobody waits for ever: what is not done by then was hanging. Unref'd, so that it holds nothing up itself.
    setTimeout(() => process.exit(1), 30_000).unref();
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", begin).on("SIGINT", begin);
}
