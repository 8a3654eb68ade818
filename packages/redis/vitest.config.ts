import { mergeConfig } from "vitest/config";
import base from "../../vitest.base.ts";

// The scripts of Redis are texts, as in the bundle.
const lua = {
  name: "lua",
  enforce: "pre",
  transform: (code: string, id: string) =>
    id.endsWith(".lua") ? `export default ${JSON.stringify(code)}` : undefined,
} as const;

export default mergeConfig(base, { plugins: [lua] });
