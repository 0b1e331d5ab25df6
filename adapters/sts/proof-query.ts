/** The header that binds a proof to what it is for: SHA-256, hex, of the purpose. It is signed, and never sent along. */
export const PURPOSE_HEADER = "x-sluice-purpose";

/** Seconds for which a proof may be good, at the most. */
const MAX_SECONDS = 300;

/** More than the longest session token that STS gives. */
const MAX_CHARACTERS = 16_384;

/** The request that is signed: it can do nothing but name the caller, and needs no permission. */
export const GET_CALLER_IDENTITY = { Action: "GetCallerIdentity", Version: "2011-06-15" };

const SIGNED_HEADERS = `host;${PURPOSE_HEADER}`;

/** What each parameter has to be; there may be no other, and none twice. */
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  Action: /^GetCallerIdentity$/,
  Version: /^2011-06-15$/,
  "X-Amz-Algorithm": /^AWS4-HMAC-SHA256$/,
  "X-Amz-Credential": /^[A-Za-z0-9]+\/\d{8}\/[a-z0-9-]+\/sts\/aws4_request$/,
  "X-Amz-Date": /^\d{8}T\d{6}Z$/,
  "X-Amz-Expires": /^[1-9]\d{0,2}$/,
  "X-Amz-SignedHeaders": new RegExp(`^${SIGNED_HEADERS}$`),
  "X-Amz-Signature": /^[0-9a-f]{64}$/,
  "X-Amz-Security-Token": /^[A-Za-z0-9+/=_-]+$/,
};

/** Long-lived credentials have none. */
const OPTIONAL = "X-Amz-Security-Token";

export type ProofParameters = ReadonlyMap<string, string>;

/** What is wrong with the query of a proof, without a word of it; or its parameters. */
export function parseProof(query: string): ProofParameters | string {
  if (query.length > MAX_CHARACTERS) return "is too long";
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const shape = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (shape === undefined) return "has a parameter that no GetCallerIdentity request has";
    if (parameters.has(name)) return `has ${name} twice`;
    if (!shape.test(value)) return `has a value for ${name} that is not taken`;
    parameters.set(name, value);
  }
  const missing = Object.keys(PARAMETERS).find((name) => name !== OPTIONAL && !parameters.has(name));
  if (missing !== undefined) return `lacks ${missing}`;
  return Number(parameters.get("X-Amz-Expires")) > MAX_SECONDS ? "is good for too long" : parameters;
}

/** Milliseconds since the epoch after which nobody takes the proof. */
export function endOf(parameters: ProofParameters): number {
  const date = (parameters.get("X-Amz-Date") ?? "").replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  return Date.parse(date) + Number(parameters.get("X-Amz-Expires")) * 1_000;
}

/** As a signature's canonical query encodes it: RFC 3986, so not as a form. */
export function queryText(parameters: Iterable<readonly [string, string]>): string {
  return [...parameters].map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
