import { library } from "../../tsup.base.ts";

// The scripts of Redis are texts in the bundle.
export default library(["src/index.ts"], "node", { ".lua": "text" });
