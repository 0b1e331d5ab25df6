import { fileURLToPath } from "node:url";

/** The folder of Sluice itself, where `lambdas/` and `state-machines/` are; not where cdk runs. */
export const PROJECT_ROOT = fileURLToPath(new URL("..", import.meta.url));
