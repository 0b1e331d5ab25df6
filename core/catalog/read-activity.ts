import { z } from "zod";
import type { Session } from "../ports.ts";
import type { InactiveSlot, OpenTransactions } from "./activity.ts";
import { inactiveSlotsQuery, openTransactionsQuery } from "./queries/activity-query.ts";
import { readDocuments, unreadable } from "./read-documents.ts";

const transactionsSchema = z.strictObject({
  oldest: z.strictObject({ owner: z.string(), state: z.string(), seconds: z.number().min(0) }).optional(),
  hidden: z.int().min(0),
}) satisfies z.ZodType<OpenTransactions>;

const slotSchema = z.strictObject({ name: z.string(), bytes: z.number().min(0) }) satisfies z.ZodType<InactiveSlot>;

/** The oldest transaction of others in this database. @throws what the session throws, StatementFailed. */
export async function readOpenTransactions(session: Session): Promise<OpenTransactions> {
  const [found] = await readDocuments(session, openTransactionsQuery(), transactionsSchema);
  if (!found) throw unreadable("no row");
  return found;
}

/** The server's slots without a reader. @throws what the session throws, StatementFailed. */
export async function readInactiveSlots(session: Session): Promise<readonly InactiveSlot[]> {
  return readDocuments(session, inactiveSlotsQuery(), slotSchema);
}
