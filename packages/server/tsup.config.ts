import { library } from "../../tsup.base.ts";

export default library(
  ["src/index.ts", "src/node.ts", "src/bun.ts", "src/prometheus.ts", "src/publisher.ts"],
  "node",
);
