import { gatherPreflight, type PreflightPorts, type PreflightRequest } from "./gather.ts";
import { refuseIfAny, runPreflight } from "./run-preflight.ts";

/**
 * Runs every check before a run begins. It changes nothing.
 *
 * @throws PreflightRefused with every refusal at once.
 */
export async function requirePreflight(ports: PreflightPorts, request: PreflightRequest): Promise<void> {
  const context = await gatherPreflight(ports, request);
  refuseIfAny(runPreflight(context), request.migration.migration);
}
