import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";

/** The longest that a command waits for its caller's name, where it can go on without. */
const PATIENCE_MS = 1_000;

/**
 * ARN of who runs this command, for the record. Whatever keeps STS from saying so, there is an answer within a second:
 * traffic must never wait for a name.
 */
export async function callerName(client: STSClient, patienceMs = PATIENCE_MS): Promise<string | undefined> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  // Not by the signal alone: the credentials are looked up before there is a request to abort.
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
      abort.abort();
    }, patienceMs);
  });
  const asked = client.send(new GetCallerIdentityCommand({}), { abortSignal: abort.signal }).then(
    ({ Arn }) => Arn,
    () => undefined,
  );
  try {
    return await Promise.race([asked, over]);
  } finally {
    clearTimeout(timer);
  }
}
