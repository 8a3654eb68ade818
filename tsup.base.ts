import { defineConfig } from "tsup";

type Platform = "browser" | "neutral" | "node";

/** Builds one ESM file per entry with its declarations; code that entries share goes into chunks. */
export function library(
  entry: string[],
  platform: Platform = "neutral",
  loader: Readonly<Record<string, "text">> = {},
) {
  return defineConfig({
    entry,
    platform,
    target: platform === "node" ? "node22" : "es2022",
    format: ["esm", "cjs"],
    clean: true,
    dts: true,
    sourcemap: true,
    splitting: true,
    treeshake: true,
    loader,
  });
}
