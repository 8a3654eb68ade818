import js from "@eslint/js";
import { importX } from "eslint-plugin-import-x";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { layers } from "./scripts/house/layers.ts";

/** What each package may import from outside. Tests may import anything. */
const borders = [
  {
    files: ["packages/protocol/src/**"],
    modules: { regex: "^(?!\\.|zod$|zod/)", message: "protocol imports zod and nothing else." },
    globals: ["Buffer", "WebSocket", "document", "fetch", "process", "setInterval", "setTimeout", "window"],
  },
  {
    files: ["packages/server/src/**"],
    ignores: ["packages/server/src/{node,bun}{.ts,/**}"],
    modules: { regex: "^(node:|ws$|bun$|@halyard/client)", message: "The server's core knows no runtime." },
    globals: ["Buffer", "Bun", "process"],
  },
  {
    files: ["packages/client/src/**"],
    modules: {
      regex: "^(zod|node:|ws$|@halyard/server)",
      message: "The client's bundle stays free of this.",
    },
    globals: ["Buffer", "process"],
  },
  {
    files: ["packages/react/src/**"],
    modules: { regex: "^(?!\\.|react$|@halyard/)", message: "Only React and the client, which a page has." },
    globals: ["Buffer", "document", "process", "window"],
  },
  {
    files: ["packages/{better-auth,testing}/src/**"],
    modules: { regex: "^@halyard/server", message: "Only types may come from the server." },
    globals: [],
  },
];

/** Within a package, a file imports from its own layer and from the layers below (scripts/house/layers.ts). */
const zones = Object.entries(layers).flatMap(([src, list]) => {
  const under = (/** @type {readonly string[]} */ members) => members.map((member) => `${src}/${member}`);
  return list.slice(1).map((layer, index) => ({
    target: under(layer),
    from: under(list.slice(0, index + 1).flat()),
    message: `It is above ${layer.join(", ")} in scripts/house/layers.ts.`,
  }));
});

const tests = ["**/*.test.ts", "**/*.test.tsx", "**/*.test-d.{ts,tsx}", "test/**", "packages/*/test/**"];

export default defineConfig(
  globalIgnores(["**/dist/", "test/*/fixtures/", "**/public/"]),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { "import-x": importX },
    settings: { "import-x/parsers": { "@typescript-eslint/parser": [".ts", ".tsx"] } },
    rules: {
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", { max: 60, skipComments: true, skipBlankLines: true }],
      "max-params": ["error", 3],
      "no-console": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: `:matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression, TSImportType) > Literal.source[value=/^\\.{1,2}(?!.*\\.(tsx?|json|css|lua)$)/]`,
          message: "A relative import names its file: ./x.ts.",
        },
      ],
      eqeqeq: "error",
      "import-x/no-cycle": ["error", { ignoreExternal: true }],

      "@typescript-eslint/ban-ts-comment": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],

      // Off: each forbids something that is used here on purpose.
      "@typescript-eslint/consistent-type-definitions": "off", // a mapped or union type is no interface
      "@typescript-eslint/dot-notation": "off", // process.env["X"] says that X may be missing
      "@typescript-eslint/no-confusing-void-expression": "off", // a callback may be one expression
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-empty-object-type": "off", // interface X extends ProtocolOf<…> {} is public API
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-unnecessary-type-parameters": "off", // a type parameter may be given by hand
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  ...borders.map(({ files, ignores = [], modules, globals }) => ({
    files,
    ignores: [...ignores, ...tests],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        { patterns: [{ ...modules, allowTypeImports: true }] },
      ],
      "no-restricted-globals": ["error", ...globals],
    },
  })),
  {
    files: ["packages/*/src/**"],
    ignores: tests,
    rules: { "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones }] },
  },
  {
    files: tests,
    rules: {
      "max-lines-per-function": "off",
      "max-params": "off",
      "no-empty-pattern": "off", // how vitest asks for a fixture without dependencies
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["**/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
