interface Closable {
  drain(options?: { readonly windowMs?: number | undefined }): Promise<void>;
  close(): Promise<void>;
}

/** Combines several managers into one that drains and closes all of them. */
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
