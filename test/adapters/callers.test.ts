import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { proveCaller, StsCallers } from "../../adapters/callers.ts";
import { CallerUnknown, ServiceUnavailable } from "../../core/errors.ts";
import { purpose } from "../../core/run/operator/purpose.ts";
import { type Emulator, startEmulator } from "../../local/emulator.ts";
import { clientConfig } from "../support/emulator.ts";
import { FakeCallers } from "../support/fakes.ts";
import { createIamUser, type IamUser } from "../support/iam-user.ts";
import { callersContract } from "./callers.conformance.ts";

const PURPOSE = purpose("approve", { run: "a", plan: "0".repeat(64), reason: "looked at it" });

/** The emulator that verifies signatures, which it does by code of its own. */
let emulator: Emulator;
let ann: IamUser;
let bob: IamUser;
beforeAll(async () => {
  emulator = await startEmulator({ environment: { AUTH: "true" } });
  ann = await createIamUser(clientConfig(emulator.url), "ann");
  bob = await createIamUser(clientConfig(emulator.url), "bob");
}, 180_000);
afterAll(async () => {
  await emulator.stop();
});

const stack = (): STSClient => new STSClient(clientConfig(emulator.url));
const as = ({ credentials }: Pick<IamUser, "credentials">): STSClient =>
  new STSClient({ ...clientConfig(emulator.url), credentials });
const prove = (client: STSClient, about = PURPOSE, now = new Date()) => proveCaller({ client, purpose: about, now });

callersContract("STS", () =>
  Promise.resolve({
    callers: new StsCallers({ client: stack() }),
    people: [
      { arn: ann.arn, prove: (about) => prove(as(ann), about) },
      { arn: bob.arn, prove: (about) => prove(as(bob), about) },
    ] as const,
  }),
);
callersContract("in memory", () => {
  const person = (arn: string) => ({ arn, prove: (about: string) => Promise.resolve(FakeCallers.proof(arn, about)) });
  return Promise.resolve({ callers: new FakeCallers(), people: [person("ann"), person("bob")] as const });
});

describe("callers by STS", () => {
  it("identifies the holder of temporary credentials", async () => {
    const { Credentials: temporary } = await as(ann).send(new GetSessionTokenCommand({}));
    const credentials = {
      accessKeyId: temporary!.AccessKeyId!,
      secretAccessKey: temporary!.SecretAccessKey!,
      sessionToken: temporary!.SessionToken!,
    };
    const proof = await prove(as({ credentials }));
    expect(proof.query).toContain("X-Amz-Security-Token=");
    expect(await new StsCallers({ client: stack() }).identify(proof, PURPOSE)).toBe(ann.arn);
  });

  it("does not take the key of one person with the secret of another", async () => {
    const { accessKeyId } = ann.credentials;
    const { secretAccessKey } = bob.credentials;
    const proof = await prove(as({ credentials: { accessKeyId, secretAccessKey } }));
    const identified = new StsCallers({ client: stack() }).identify(proof, PURPOSE);
    await expect(identified).rejects.toThrow(/CallerUnknown|SignatureDoesNotMatch/);
    await expect(identified).rejects.toThrow(CallerUnknown);
  });

  it("does not take a key that nobody has", async () => {
    const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x" };
    const proof = await prove(as({ credentials }));
    await expect(new StsCallers({ client: stack() }).identify(proof, PURPOSE)).rejects.toThrow(CallerUnknown);
  });

  it("takes a proof for a minute", async () => {
    const signed = new Date();
    const proof = await prove(as(ann), PURPOSE, signed);
    const after = (seconds: number) =>
      new StsCallers({ client: stack(), now: () => new Date(signed.getTime() + seconds * 1_000) });
    expect(await after(58).identify(proof, PURPOSE)).toBe(ann.arn);
    await expect(after(61).identify(proof, PURPOSE)).rejects.toThrow(/out of date/);
  });

  it("says what to do where there are no credentials", async () => {
    const client = new STSClient({ region: "us-east-1", credentials: () => Promise.reject(new Error("no profile")) });
    await expect(prove(client)).rejects.toThrow(/no credentials of AWS.*no profile.*AWS_PROFILE/);
    await expect(prove(client)).rejects.toThrow(CallerUnknown);
  });
});

describe("a proof", () => {
  const AT = new Date("2026-01-05T09:00:00Z");
  const client = new STSClient({
    region: "eu-central-1",
    endpoint: "https://sts.eu-central-1.amazonaws.com",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  });

  it("is the signature over the purpose's hash, as the documentation computes it", async () => {
    const { query } = await proveCaller({ client, purpose: PURPOSE, now: AT });
    const parameters = new URLSearchParams(query);
    const signature = parameters.get("X-Amz-Signature");
    const canonicalQuery = query
      .split("&")
      .filter((part) => !part.startsWith("X-Amz-Signature="))
      .sort()
      .join("&");
    expect(signature).toBe(signatureOf(canonicalQuery, sha256(PURPOSE)));
    expect(signature).not.toBe(signatureOf(canonicalQuery, sha256("another")));
  });

  it("is what another signer makes of the same request, and another for another purpose", async () => {
    const signer = new SignatureV4({ ...client.config, service: "sts", region: "eu-central-1" });
    const { query } = await signer.presign(
      {
        method: "GET",
        protocol: "https:",
        hostname: "sts.eu-central-1.amazonaws.com",
        path: "/",
        query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
        headers: { host: "sts.eu-central-1.amazonaws.com", "x-sluice-purpose": sha256(PURPOSE) },
      },
      { signingDate: AT, expiresIn: 60 },
    );
    const proof = await proveCaller({ client, purpose: PURPOSE, now: AT });
    expect(Object.fromEntries(new URLSearchParams(proof.query))).toEqual(query);
    const other = await proveCaller({ client, purpose: "another", now: AT });
    expect(other.query).not.toBe(proof.query);
  });

  it("does not tell its purpose", async () => {
    const { query } = await proveCaller({ client, purpose: PURPOSE, now: AT });
    expect(query).not.toContain(sha256(PURPOSE));
    expect(Object.fromEntries(new URLSearchParams(query))).toMatchObject({
      "X-Amz-SignedHeaders": "host;x-sluice-purpose",
      "X-Amz-Expires": "60",
    });
  });
});

describe("the request to STS", () => {
  const ARN = "arn:aws:sts::123456789012:assumed-role/Admin/ann@crm.example";
  const servers: Server[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  const identity = (arn: string): string =>
    `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`;

  /** Something that answers as STS: the caller's question (GET) with what is given, the function's own with its account. */
  async function sts(status: number, body: string, headers: Readonly<Record<string, string>> = {}) {
    const asked: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      const own = request.method === "POST";
      if (!own) asked.push(request);
      const account = "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>";
      response.writeHead(own ? 200 : status, { "content-type": "text/xml", ...headers });
      response.end(own ? `<GetCallerIdentityResponse>${account}</GetCallerIdentityResponse>` : body);
      request.resume();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = new STSClient(clientConfig(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`));
    return { asked, client, callers: new StsCallers({ client }) };
  }

  it("is built of the parameters, and of the purpose as this side knows it", async () => {
    const { asked, client, callers } = await sts(200, identity(ARN));
    const proof = await prove(client);
    expect(await callers.identify(proof, PURPOSE)).toBe(ARN);
    expect(asked).toHaveLength(1);
    const [{ method, url, headers }] = asked as [IncomingMessage];
    expect([method, url]).toEqual(["GET", `/?${proof.query}`]);
    expect(headers["x-sluice-purpose"]).toBe(sha256(PURPOSE));
    expect(headers.authorization).toBeUndefined();
  });

  it.each([
    ["another action", (q: string) => q.replace("GetCallerIdentity", "GetSessionToken")],
    ["another version", (q: string) => q.replace("2011-06-15", "2010-05-08")],
    ["a second action", (q: string) => `${q}&Action=GetCallerIdentity`],
    ["a parameter more", (q: string) => `${q}&Policy=x`],
    ["a parameter of the prototype", (q: string) => `${q}&constructor=x`],
    ["a parameter in another case", (q: string) => `${q}&x-amz-expires=60`],
    ["no signature", (q: string) => q.replace(/&X-Amz-Signature=\w+/, "")],
    ["a signature of another form", (q: string) => q.replace(/(X-Amz-Signature=)\w+/, "$1zz")],
    ["a purpose that is not signed", (q: string) => q.replace("host%3Bx-sluice-purpose", "host")],
    ["a header more", (q: string) => q.replace("x-sluice-purpose", "x-other%3Bx-sluice-purpose")],
    ["ten minutes", (q: string) => q.replace("X-Amz-Expires=60", "X-Amz-Expires=600")],
    ["no end", (q: string) => q.replace("X-Amz-Expires=60", "X-Amz-Expires=-1")],
    ["another service", (q: string) => q.replace("%2Fsts%2F", "%2Fiam%2F")],
    ["another algorithm", (q: string) => q.replace("HMAC", "ECDSA-P256")],
    ["a date of another form", (q: string) => q.replace(/(X-Amz-Date=)\w+/, "$1yesterday")],
    ["nothing", () => ""],
    ["an address", (q: string) => `https://sts.example.com/?${q}`],
    ["a book", (q: string) => `${q}&X-Amz-Security-Token=${"A".repeat(20_000)}`],
  ])("is not made of a proof with %s", async (_, change) => {
    const { asked, client, callers } = await sts(200, identity(ARN));
    const { query } = await prove(client);
    const changed = change(query);
    expect(changed).not.toBe(query);
    const identified = callers.identify({ query: changed }, PURPOSE);
    await expect(identified).rejects.toThrow(CallerUnknown);
    // Nothing of a proof goes into an error, and so into a log.
    await expect(identified).rejects.not.toThrow(/Signature=[0-9a-f]{64}|AAAA/);
    expect(asked).toHaveLength(0);
  });

  it.each([
    ["refuses", 403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", CallerUnknown],
    ["has no such key", 403, "<Error><Code>InvalidClientTokenId</Code></Error>", CallerUnknown],
    ["says that it is too late", 403, "<Error><Code>ExpiredToken</Code></Error>", CallerUnknown],
    ["throttles", 400, "<Error><Code>Throttling</Code></Error>", ServiceUnavailable],
    ["throttles by status", 429, "", ServiceUnavailable],
    ["fails", 500, "<Error><Code>InternalFailure</Code></Error>", ServiceUnavailable],
    ["says nothing", 200, "", ServiceUnavailable],
    ["says something else", 200, identity("ann"), ServiceUnavailable],
    ["says two things", 200, identity(ARN) + identity(`${ARN}-2`), ServiceUnavailable],
    ["knows an ARN of another service", 200, identity("arn:aws:s3::123456789012:ann"), ServiceUnavailable],
  ] as const)("identifies nobody where STS %s", async (_, status, body, kind) => {
    const { client, callers } = await sts(status, body);
    await expect(callers.identify(await prove(client), PURPOSE)).rejects.toThrow(kind);
  });

  it("identifies nobody of another account, where anybody may be anyone", async () => {
    const { client, callers } = await sts(200, identity("arn:aws:iam::999999999999:user/ann"));
    const identified = callers.identify(await prove(client), PURPOSE);
    await expect(identified).rejects.toThrow(/999999999999.*not of this stack's account/);
    await expect(identified).rejects.toThrow(CallerUnknown);
  });

  it("goes nowhere else", async () => {
    const elsewhere = await sts(200, identity(ARN));
    const { endpoint } = elsewhere.client.config;
    const { port = 0 } = (await endpoint?.()) ?? {};
    const { client, callers } = await sts(302, "", { location: `http://127.0.0.1:${String(port)}/` });
    await expect(callers.identify(await prove(client), PURPOSE)).rejects.toThrow(ServiceUnavailable);
    expect(elsewhere.asked).toHaveLength(0);
  });

  it("identifies nobody where nobody answers, without a word of the proof", async () => {
    const client = new STSClient(clientConfig("http://127.0.0.1:1"));
    const proof = await prove(client);
    const error = await new StsCallers({ client }).identify(proof, PURPOSE).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ServiceUnavailable);
    expect(JSON.stringify([String(error), (error as Error).stack, error])).not.toContain("X-Amz-Signature");
  });

  it("goes to the STS of the client's region, in every partition, unless the environment has another", async () => {
    const hosts = async (region: string): Promise<string | undefined> => {
      const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
      const regional = new STSClient({ region, credentials });
      const at = new Date("2026-01-05T09:00:00Z");
      const { query } = await proveCaller({ client: regional, purpose: PURPOSE, now: at });
      const signature = new URLSearchParams(query).get("X-Amz-Signature");
      for (const host of [`sts.${region}.amazonaws.com`, `sts.${region}.amazonaws.com.cn`, "sts.example.com:8443"]) {
        const signer = new SignatureV4({ ...regional.config, service: "sts", region });
        const request = {
          method: "GET",
          protocol: "https:",
          hostname: host,
          path: "/",
          query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
          headers: { host, "x-sluice-purpose": sha256(PURPOSE) },
        };
        const signed = await signer.presign(request, { signingDate: at, expiresIn: 60 });
        if (signed.query?.["X-Amz-Signature"] === signature) return host;
      }
      return undefined;
    };
    expect(await hosts("eu-central-1")).toBe("sts.eu-central-1.amazonaws.com");
    expect(await hosts("us-east-1")).toBe("sts.us-east-1.amazonaws.com");
    expect(await hosts("cn-north-1")).toBe("sts.cn-north-1.amazonaws.com.cn");
    process.env["AWS_ENDPOINT_URL_STS"] = "https://sts.example.com:8443/ignored";
    try {
      expect(await hosts("eu-central-1")).toBe("sts.example.com:8443");
    } finally {
      delete process.env["AWS_ENDPOINT_URL_STS"];
    }
  });
});

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, step by step. */
function signatureOf(canonicalQuery: string, purposeHash: string): string {
  const request = [
    "GET",
    "/",
    canonicalQuery,
    `host:sts.eu-central-1.amazonaws.com\nx-sluice-purpose:${purposeHash}\n`,
    "host;x-sluice-purpose",
    sha256(""),
  ].join("\n");
  const scope = ["20260105", "eu-central-1", "sts", "aws4_request"];
  const text = ["AWS4-HMAC-SHA256", "20260105T090000Z", scope.join("/"), sha256(request)].join("\n");
  let key: string | Buffer = "AWS4secret";
  for (const part of scope) key = createHmac("sha256", key).update(part).digest();
  return createHmac("sha256", key).update(text).digest("hex");
}
