import { DatabaseError, NotFound, ServiceRefused, ServiceUnavailable, StatementTimeout } from "../../errors.ts";

const NO_ANSWER = [DatabaseError, StatementTimeout, NotFound, ServiceRefused, ServiceUnavailable] as const;

/**
 * Characters of the words. A function of the application's may say anything at any length, and it stands in the
 * execution's state, where more than 256 KiB end it with an error that nothing catches.
 */
const MAX_CHARACTERS = 300;

/**
 * Why something gave no reading: in the words of the service, or of PostgreSQL. A gate waits for that as for a bad
 * reading, and so outlives an outage of an hour; what is no answer of a service, such as a fault of ours, is thrown on.
 * So is a database that does not answer at all: the ledger cannot be told of the evaluation either.
 */
export function whyUnreadable(error: unknown): string {
  const known = NO_ANSWER.find((kind) => error instanceof kind);
  if (known) return shortened((error as InstanceType<typeof known>).details.problem);
  throw error;
}

function shortened(words: string): string {
  return words.length <= MAX_CHARACTERS ? words : `${words.slice(0, MAX_CHARACTERS)}…`;
}
