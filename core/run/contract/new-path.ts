import type { ErrorDetails } from "../../errors.ts";
import { sameFlagState } from "../../flag.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Flags } from "../../ports.ts";

/** What is wrong with the traffic; undefined where all of it is on the new path, or the plan moves none. */
export async function notOnNewPath(
  flags: Flags,
  { migration, cutover }: Pick<Plan, "migration" | "cutover">,
): Promise<ErrorDetails | undefined> {
  const wanted = cutover.at(-1)?.flag;
  if (!wanted) return undefined;
  const object = `flag "${migration}"`;
  const remedy = "Nothing was dropped. Find who changed the flag; start the migration again to cut over anew";
  // A deployment that bakes is with every client already, and no complete one yet.
  if (await flags.inFlight(migration)) {
    const problem = "is being deployed anew, so somebody may be sent to the old shape at this moment";
    return { object, problem, remedy };
  }
  const current = await flags.current(migration);
  if (current && sameFlagState(current, wanted)) return undefined;
  const problem = `is not what the last cutover step deployed, so somebody may still use the old shape: ${JSON.stringify(current)}`;
  return { object, problem, remedy };
}
