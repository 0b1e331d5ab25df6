import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/**
 * Who may import whom. A folder that is not named in `may` is out of bounds, so a new
 * folder has to be let in here first.
 */
const FOLDERS = [
  "adapters",
  "bench",
  "bin",
  "cli",
  "client",
  "console",
  "core",
  "examples",
  "lambdas",
  "lib",
  "local",
  "state-machines",
];
const ARROWS = [
  { folder: "core", may: [] },
  { folder: "adapters", may: ["core"] },
  { folder: "lambdas", may: ["core", "adapters"] },
  { folder: "console", may: ["core", "adapters"] },
  // Reads what state-machines/ renders by path, as it points at the handlers of lambdas/.
  { folder: "lib", may: ["core"] },
  { folder: "state-machines", may: [] },
  { folder: "local", may: ["core", "adapters"] },
  { folder: "client", may: ["core"] },
  // The configuration has one reader, and the local stack one owner; the command line goes through both.
  { folder: "cli", may: ["core", "adapters", "lib", "local"] },
  { folder: "bin", may: ["core", "cli", "lib"] },
];

/** Core is pure: no AWS, no file system, no network, no clock of its own. */
const IMPURE = [
  "@aws-*",
  "@aws-*/**",
  "node:fs",
  "node:fs/**",
  "node:net",
  "node:http",
  "node:https",
  "node:child_process",
  "node:timers/**",
  "pg",
];

/** Each folder wires its adapters in one place; everything else of it asks the ports. */
const WIRING = {
  lambdas: ["lambdas/runtime/**"],
  cli: ["cli/services/**", "cli/process-context.ts"],
};

function outOfBounds(folder, may) {
  const others = FOLDERS.filter((other) => other !== folder && !may.includes(other));
  const group = others.map((other) => `**/../${other}/**`);
  return {
    group,
    message: may.length === 0 ? `${folder}/ imports nothing of ours.` : `${folder}/ imports only ${may.join(", ")}.`,
  };
}

const FURTHER = {
  core: [{ group: IMPURE, message: "core/ is pure: it asks the ports." }],
  "state-machines": [{ regex: "^[^.]", message: "state-machines/ is plain data: it needs no package." }],
  // What an application installs must not bring the pipeline along.
  client: [
    {
      regex: "^(\\.\\./)+core/(?!flag\\.ts|bucket\\.ts|plan/phases\\.ts)",
      message: "client/ imports the flag and the phases only.",
    },
  ],
  cli: [
    {
      regex: "^(\\.\\./)+lib/(?!config\\.ts)",
      message: "cli/ reads the configuration of lib/ and nothing of the CDK.",
    },
  ],
};

function arrow(files, folder, may) {
  const patterns = [outOfBounds(folder, may), ...(FURTHER[folder] ?? [])];
  return { files, rules: { "no-restricted-imports": ["error", { patterns }] } };
}

/**
 * Within core: a run is given the preflight by its caller, and neither imports the other. What both need is below them,
 * in core/ itself or in core/gates.
 */
const ZONES_WITHIN_CORE = [
  { target: "./core/run", from: "./core/preflight", message: "core/run is given the preflight by its caller." },
  {
    target: "./core/preflight",
    from: "./core/run",
    message: "core/preflight imports nothing of core/run.",
  },
];

const arrows = ARROWS.flatMap(({ folder, may }) => {
  const wiring = WIRING[folder];
  if (wiring === undefined) return [arrow([`${folder}/**/*.ts`], folder, may)];
  const besides = may.filter((other) => other !== "adapters");
  return [arrow([`${folder}/**/*.ts`], folder, besides), arrow(wiring, folder, may)];
});

export default defineConfig(
  globalIgnores(["node_modules", "cdk.out", "coverage", ".cache", "dist"]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "import-x": importX },
    settings: {
      "import-x/resolver-next": [createNodeResolver({ extensions: [".ts"] })],
      "import-x/extensions": [".ts"],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts"] },
    },
    rules: {
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones: ZONES_WITHIN_CORE }],
      "import-x/no-default-export": "error",
      // Spread of a text is by code points, which is what is meant here.
      "@typescript-eslint/no-misused-spread": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_$", ignoreRestSiblings: true },
      ],
      // Keys of an index signature are read in brackets: the compiler asks for it.
      "@typescript-eslint/dot-notation": "off",
      // An arrow that only forwards a call reads better on one line.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: false }],
      "max-params": ["error", 3],
      "no-console": "error",
    },
  },
  ...arrows,
  {
    // Rows of pg, parsed JSON and the matchers of vitest are `any`; a test looks at them with what it expects.
    files: ["test/**/*.ts", "bench/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/use-unknown-in-catch-callback-variable": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-empty-function": "off",
      "max-params": "off",
      "no-control-regex": "off",
      "no-console": "off",
    },
  },
  // Tools of others read these by their default export.
  { files: ["*.config.ts", "**/*.d.ts", "**/*-reporter.ts"], rules: { "import-x/no-default-export": "off" } },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
  },
);
