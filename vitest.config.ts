import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", "./test/support/closing-line-reporter.ts"],
    // The SDK announces for which Node.js it will stop; every test file would say so.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: more workers would only make each other slow, and PostgreSQL wants one of them.
    pool: "forks",
    maxWorkers: 2,
    coverage: {
      provider: "v8",
      include: ["core/**", "adapters/**", "lambdas/**", "client/**", "cli/**", "local/**", "console/**", "lib/**"],
      reporter: ["text-summary", "html"],
    },
  },
});
