import type { Reporter, TestModule } from "vitest/node";

/** Ends the run with `N passed, N failed`, for whatever reads a log and knows no test runner. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    // A file that cannot be loaded has no tests: it failed all the same.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const skipped = count("skipped");
    const tail = skipped > 0 ? `, ${String(skipped)} skipped` : "";
    // After the default reporter's summary, which is printed in the same turn.
    process.on("exit", () => {
      process.stdout.write(`\n${String(count("passed"))} passed, ${String(count("failed") + broken)} failed${tail}\n`);
    });
  }
}
