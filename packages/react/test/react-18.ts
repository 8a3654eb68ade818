import { createRequire, registerHooks } from "node:module";

const react = createRequire(import.meta.url).resolve("react-18");

// react-dom of React 18 would find the React 19 of the workspace.
registerHooks({
  resolve: (specifier, context, next) => next(specifier === "react" ? react : specifier, context),
});
