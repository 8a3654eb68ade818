interface Closable {
  drain(options?: { readonly windowMs?: number | undefined }): Promise<void>;
  close(): Promise<void>;
}

/** Drains and closes several managers as one. */
export function closeTogether(...managers: readonly Closable[]): Closable {
  return {
    async drain(options) {
      await Promise.all(managers.map((manager) => manager.drain(options)));
    },
    async close() {
      await Promise.all(managers.map((manager) => manager.close()));
    },
  };
}
