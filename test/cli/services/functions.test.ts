import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LambdaFunctions } from "../../../cli/services/functions.ts";
import { RemoteError } from "../../../cli/services/remote-error.ts";
import { DecisionRefused, NotFound, ServiceRefused, ServiceUnavailable } from "../../../core/errors.ts";
import { clientConfig } from "../../support/emulator.ts";

const ARN = "arn:aws:lambda:us-east-1:000000000000:function:Sluice-Approve";

/** What Lambda answers next: the Invoke API as its reference has it. */
interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

let server: Server;
let answer: Answer;
let requests: { readonly method: string; readonly url: string; readonly type: string; readonly body: unknown }[];

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
beforeAll(async () => {
  server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const type = String(request.headers["x-amz-invocation-type"]);
      requests.push({ method: request.method ?? "", url: request.url ?? "", type, body: JSON.parse(text) });
      response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
      response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => void server.close());

beforeEach(() => {
  requests = [];
});

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

function functions(): LambdaFunctions {
  const { port } = server.address() as AddressInfo;
  return new LambdaFunctions({ client: new LambdaClient(clientConfig(`http://127.0.0.1:${String(port)}`)) });
}

/** What a function of ours ends with, as the runtime for Node.js hands it on. */
function failed(error: Error): Answer {
  const { name: errorType, message: errorMessage } = error;
  return { headers: { "x-amz-function-error": "Unhandled" }, body: { errorType, errorMessage, trace: [] } };
}

async function failureOf(next: Answer): Promise<unknown> {
  answer = next;
  return functions()
    .invoke(ARN, { run: "friday" })
    .catch((error: unknown) => error);
}

describe("a function of the stack", () => {
  it("is called with the payload, and answers with what it returned", async () => {
    answer = { body: { message: "Gate before_cutover is approved: “ja”" } };
    const payload = { run: "friday", reason: "geprüft", plan: undefined, proof: { query: "Action=x" } };
    expect(await functions().invoke(ARN, payload)).toEqual(answer.body);
    expect(requests).toEqual([
      {
        method: "POST",
        url: `/2015-03-31/functions/${encodeURIComponent(ARN)}/invocations`,
        type: "RequestResponse",
        body: { run: "friday", reason: "geprüft", proof: { query: "Action=x" } },
      },
    ]);
  });

  it("hands on the error that it ends with, in its three parts", async () => {
    const error = new DecisionRefused({
      object: 'gate before_cutover of run "friday"',
      problem: 'was approved by arn:aws:iam::1:user/ana at 2026-01-05T09:00:00.000Z ("p99: fine, 3.5 ms")',
      remedy: "See where it stands: sluice status friday. Then ask",
    });
    const failure = await failureOf(failed(error));
    expect(failure).toBeInstanceOf(RemoteError);
    expect(failure).toMatchObject({ name: "DecisionRefused", message: error.message });
    const { object, problem, remedy } = error.details;
    expect((failure as RemoteError).details).toEqual({ object, problem, remedy });
  });

  it("leaves no word out of a message that has no three parts", async () => {
    const failure = await failureOf(failed(Object.assign(new Error("so it is"), { name: "DecisionRefused" })));
    expect(failure).toMatchObject({ name: "DecisionRefused" });
    expect((failure as RemoteError).details.problem).toBe("ended with DecisionRefused: so it is");
  });

  it.each([
    [failed(new TypeError("x: is not. A function")), "TypeError", "ended with TypeError: x: is not. A function"],
    [
      {
        headers: { "x-amz-function-error": "Unhandled" },
        body: { errorMessage: "Task timed out after 100.00 seconds" },
      },
      "FunctionFailed",
      "ended with FunctionFailed: Task timed out after 100.00 seconds",
    ],
    [
      { headers: { "x-amz-function-error": "Unhandled" }, body: "<html>" },
      "FunctionFailed",
      "ended with FunctionFailed: <html>",
    ],
  ])("says where to look for what is no error of ours: %j", async (next: Answer, name, problem) => {
    const failure = await failureOf(next);
    expect(failure).toMatchObject({ name });
    expect((failure as RemoteError).details).toMatchObject({ object: 'function "Sluice-Approve"', problem });
    expect((failure as RemoteError).details.remedy).toContain("log in CloudWatch");
  });

  it.each([
    [429, "TooManyRequestsException", ServiceUnavailable],
    [500, "ServiceException", ServiceUnavailable],
    [403, "AccessDeniedException", ServiceRefused],
    [404, "ResourceNotFoundException", NotFound],
  ])("is not tried again by itself where Lambda answers %d %s", async (status, name, expected) => {
    const failure = await failureOf({ status, headers: { "x-amzn-errortype": name }, body: { Message: "no" } });
    expect(failure).toBeInstanceOf(expected);
    expect(String(failure)).toContain(ARN);
    expect(requests).toHaveLength(1);
  });
});
