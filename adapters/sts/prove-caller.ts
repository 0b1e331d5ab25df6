import type { STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { createHash } from "node:crypto";
import { CallerUnknown } from "../../core/errors.ts";
import type { CallerProof } from "../../core/ports.ts";
import { GET_CALLER_IDENTITY, PURPOSE_HEADER, queryText } from "./proof-query.ts";
import { stsEndpoint } from "./sts-endpoint.ts";

/** Seconds for which a proof is good: the time in which a function is called. */
const GOOD_FOR_SECONDS = 60;

export interface ProofRequest {
  /** Whose credentials and region sign. */
  readonly client: STSClient;
  /** What the proof is to be good for: see `core/run/operator/purpose.ts`. */
  readonly purpose: string;
  readonly now: Date;
}

export const purposeHash = (purpose: string): string => createHash("sha256").update(purpose).digest("hex");

/**
 * Signs a GetCallerIdentity request for one purpose, and sends it nowhere: whoever is given the proof can learn from
 * STS who signed it, and can do nothing else with it.
 *
 * @throws CallerUnknown where there are no credentials to sign with.
 */
export async function proveCaller({ client, purpose, now }: ProofRequest): Promise<CallerProof> {
  const { config } = client;
  const endpoint = await stsEndpoint(client, process.env);
  const signer = new SignatureV4({
    service: "sts",
    region: config.region,
    credentials: config.credentials,
    sha256: config.sha256,
  });
  const request = {
    method: "GET",
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    path: "/",
    query: { ...GET_CALLER_IDENTITY },
    headers: { host: endpoint.host, [PURPOSE_HEADER]: purposeHash(purpose) },
  };
  try {
    const { query = {} } = await signer.presign(request, { signingDate: now, expiresIn: GOOD_FOR_SECONDS });
    return { query: queryText(Object.entries(query).map(([name, value]) => [name, String(value)] as const)) };
  } catch (cause) {
    throw new CallerUnknown({
      object: "the caller of this command",
      problem: `has no credentials of AWS to sign with (${cause instanceof Error ? cause.message : String(cause)})`,
      remedy: "Log in, or set AWS_PROFILE, and try again",
      cause,
    });
  }
}
