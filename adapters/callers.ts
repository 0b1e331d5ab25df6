import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { CallerUnknown, ServiceUnavailable } from "../core/errors.ts";
import type { CallerProof, Callers } from "../core/ports.ts";
import { endOf, parseProof, type ProofParameters, PURPOSE_HEADER, queryText } from "./sts/proof-query.ts";
import { purposeHash } from "./sts/prove-caller.ts";
import { stsEndpoint } from "./sts/sts-endpoint.ts";
import { translated } from "./translate-error.ts";

export { proveCaller } from "./sts/prove-caller.ts";

export interface StsCallersProps {
  /** Of the stack's own region: the caller signs for the STS of that one. */
  readonly client: STSClient;
  /** @default the system's clock */
  readonly now?: () => Date;
}

/** STS answers within a second; a function that waits for it has a hundred. */
const TIMEOUT_MS = 10_000;
const ARN = /<Arn>(arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):[\w+=,.@:/-]+)<\/Arn>/g;
const CODE = /<Code>([A-Za-z]{1,64})<\/Code>/;
/** STS says so under a 4xx status. */
const BUSY: readonly (string | undefined)[] = ["Throttling", "ThrottlingException", "RequestLimitExceeded"];

/**
 * Tells who called, by a proof that only the holder of AWS credentials can make: the signature of a GetCallerIdentity
 * request, which this sends to STS for the caller. HashiCorp Vault's AWS auth method
 * (https://developer.hashicorp.com/vault/docs/auth/aws) and the tokens of Amazon EKS work the same way.
 *
 * What it proves: at most a few minutes ago, somebody who holds the credentials of the ARN signed for just this
 * purpose, since the purpose's hash is a header under the signature. A proof of one request is none of another, nor of
 * another run, answer or reason. It does not prove who invoked the function; IAM has decided whether they may. So
 * only principals of the stack's own account count: in an account of one's own, anybody can be anyone.
 *
 * A caller gives parameters and no address. The request is built here, to the STS of the stack's region.
 */
export class StsCallers implements Callers {
  readonly #client: STSClient;
  readonly #now: () => Date;
  #account: Promise<string | undefined> | undefined;

  constructor(props: StsCallersProps) {
    this.#client = props.client;
    this.#now = props.now ?? (() => new Date());
  }

  async identify({ query }: CallerProof, purpose: string): Promise<string> {
    const parameters = parseProof(query);
    if (typeof parameters === "string") throw unknown(`gave a proof that ${parameters}`);
    if (endOf(parameters) < this.#now().getTime()) throw unknown("gave a proof that is out of date");
    const { arn, account } = await this.#ask(parameters, purpose);
    if (account === (await this.#ownAccount())) return arn;
    throw unknown(`is ${arn}, which is not of this stack's account`);
  }

  async #ask(
    parameters: ProofParameters,
    purpose: string,
  ): Promise<{ readonly arn: string; readonly account: string }> {
    const url = await stsEndpoint(this.#client, process.env);
    url.search = queryText(parameters);
    const { status, body } = await answer(url, { [PURPOSE_HEADER]: purposeHash(purpose) });
    if (status !== 200) throw refusal(status, CODE.exec(body)?.[1]);
    const found = [...body.matchAll(ARN)];
    const [arn, account] = found[0]?.slice(1) ?? [];
    if (found.length !== 1 || arn === undefined || account === undefined) {
      throw unavailable(`with something else than one ARN (status ${String(status)})`);
    }
    return { arn, account };
  }

  /** Asked once; a failed try is asked anew. */
  async #ownAccount(): Promise<string> {
    this.#account ??= translated({ service: "STS", object: "the account of this function" }, async () => {
      const { Account } = await this.#client.send(new GetCallerIdentityCommand({}));
      return Account;
    });
    const account = await this.#account.catch((error: unknown) => {
      this.#account = undefined;
      throw error;
    });
    if (account !== undefined) return account;
    throw unavailable("without an account");
  }
}

async function answer(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { headers: { ...headers }, redirect: "error", signal });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    // The cause is not passed on: it may quote the address, and with it the proof.
    throw unavailable(`not at all (${error instanceof Error ? error.name : "no error"})`);
  }
}

/** STS's own words may quote the request, and so a session token: only its code is passed on. */
function refusal(status: number, code: string | undefined): CallerUnknown | ServiceUnavailable {
  const said = `${code ?? "no code"}, status ${String(status)}`;
  if (status >= 500 || status === 429 || BUSY.includes(code)) return unavailable(said);
  return unknown(
    `gave a proof that STS does not take (${said}): made for another purpose, too late, or not by AWS credentials`,
  );
}

function unknown(problem: string): CallerUnknown {
  return new CallerUnknown({
    object: "the caller",
    problem,
    remedy: "Call again by the command line of this version, with valid credentials and the region of the stack",
  });
}

function unavailable(how: string): ServiceUnavailable {
  return new ServiceUnavailable({ object: "the caller's identity", problem: `STS answered ${how}`, remedy: "Retry" });
}
