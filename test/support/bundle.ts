import { join } from "node:path";
import { build } from "vite";

/**
 * Bundles a file for a page, as Vite does for an application's users.
 *
 * @param format `iife` for a script that is loaded without modules
 */
export async function bundle(directory: string, file: string, format: "es" | "iife" = "es"): Promise<string> {
  const built = await build({
    root: directory,
    configFile: false,
    logLevel: "error",
    // Vitest sets it to "test", with which React runs in its development mode.
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      write: false,
      target: "es2023",
      modulePreload: false,
      // One script, which includes the dynamic imports.
      rolldownOptions: { input: join(directory, file), output: { codeSplitting: false, format } },
    },
  });
  const outputs = [built].flat().flatMap((result) => ("output" in result ? result.output : []));
  return outputs.map((output) => (output.type === "chunk" ? output.code : "")).join("");
}
