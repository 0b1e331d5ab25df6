import type { Precondition } from "../../plan/plan.ts";
import type { Session } from "../../ports.ts";

/** What stands against a step at this moment, a sentence each; empty where its requirement holds. */
export async function failedPreconditions(session: Session, { query }: Precondition): Promise<readonly string[]> {
  const rows = await session.execute({ text: query, parameters: {} });
  return rows.map((row) => String(row["problem"]));
}
