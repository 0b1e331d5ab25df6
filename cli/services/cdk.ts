import { spawn } from "node:child_process";
import { createRequire } from "node:module";

/**
 * Runs the CDK CLI that npm installed with us, on this terminal; Ctrl-C reaches it by the terminal itself.
 *
 * @returns its exit code; 1 where a signal ended it.
 */
export async function runCdk(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const program = createRequire(import.meta.url).resolve("aws-cdk/bin/cdk");
  // Its standard output goes to ours' error stream: what a script reads from `sluice deploy --json` stays JSON.
  const child = spawn(process.execPath, [program, ...args, "--no-notices"], {
    stdio: ["inherit", 2, "inherit"],
    env: environment,
  });
  // Ctrl-C goes to the whole group; the child decides what it means, and this process reports its answer.
  const ignore = (): void => undefined;
  process.on("SIGINT", ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject).once("exit", (code) => {
        resolve(code ?? 1);
      });
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}
