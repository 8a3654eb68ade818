interface Closable {
  drain(options?: { readonly windowMs?: number | undefined }): Promise<void>;
  close(): Promise<void>;
}

/** Drains and closes several managers as one. */
export function closeTogether(...managers: readonly Closable[]): Closable {
  return {
    drain: async (options) => void (await Promise.all(managers.map((manager) => manager.drain(options)))),
    close: async () => void (await Promise.all(managers.map((manager) => manager.close()))),
  };
}
