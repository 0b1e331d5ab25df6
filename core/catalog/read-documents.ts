import { z } from "zod";
import { StatementFailed } from "../errors.ts";
import type { Session } from "../ports.ts";
import type { Statement } from "../sql/statement.ts";

/** Runs a query of `queries/documents.ts` and parses each of its rows. @throws StatementFailed on an unknown shape. */
export async function readDocuments<T>(session: Session, query: Statement, schema: z.ZodType<T>): Promise<T[]> {
  const rows = await session.execute(query);
  return rows.map(({ ["document"]: document }) => {
    const parsed = schema.safeParse(typeof document === "string" ? JSON.parse(document) : document);
    if (!parsed.success) throw unreadable(z.prettifyError(parsed.error), parsed.error);
    return parsed.data;
  });
}

export function unreadable(problem: string, cause?: unknown): StatementFailed {
  return new StatementFailed({
    object: "catalog query",
    problem: `returned what Sluice does not know: ${problem}`,
    remedy: "Report it with the version of the server",
    cause,
  });
}
