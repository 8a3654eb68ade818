import { mergeConfig } from "vitest/config";
import base from "../../vitest.base.ts";

// `test/` holds what runs the tests beside the sources once more, on Bun.
export default mergeConfig(base, { test: { include: ["test/**/*.test.ts"] } });
