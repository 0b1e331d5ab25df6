import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { PlanUnreadable } from "../core/errors.ts";
import { canonicalHash, canonicalJson } from "../core/plan/canonical.ts";
import { type Plan, PLAN_FORMAT } from "../core/plan/plan.ts";
import type { PlanStore } from "../core/ports.ts";
import { errorName, translateError } from "./translate-error.ts";

const HASH = /^[0-9a-f]{64}$/;
const REPLAN = "Start the migration again, which makes and stores a new plan";

export interface S3PlanStoreProps {
  readonly client: S3Client;
  readonly bucket: string;
}

/** Plans in S3, one object each: `plans/<hash>.json`, the canonical JSON that the hash is of. */
export class S3PlanStore implements PlanStore {
  readonly #props: S3PlanStoreProps;

  constructor(props: S3PlanStoreProps) {
    this.#props = props;
  }

  /** @throws PlanUnreadable where the plan does not have the hash that it carries; nothing is stored then. */
  async put(plan: Plan): Promise<void> {
    assertHash(plan.hash, plan);
    const { client, bucket } = this.#props;
    const object = {
      Bucket: bucket,
      Key: key(plan.hash),
      Body: canonicalJson(plan),
      ContentType: "application/json",
      // The same key always has the same text; without this a versioned bucket would collect copies.
      IfNoneMatch: "*",
    };
    try {
      await client.send(new PutObjectCommand(object));
    } catch (error) {
      if (errorName(error) !== "PreconditionFailed") throw this.#failed(plan.hash, error);
    }
  }

  async get(hash: string): Promise<Plan> {
    if (!HASH.test(hash)) {
      throw new PlanUnreadable({ object: `plan "${hash}"`, problem: "is not named by a SHA-256", remedy: REPLAN });
    }
    const plan = parsePlan(hash, await this.#read(hash));
    assertHash(hash, plan);
    return plan;
  }

  async #read(hash: string): Promise<string> {
    const { client, bucket } = this.#props;
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key(hash) }));
      return (await Body?.transformToString("utf-8")) ?? "";
    } catch (error) {
      if (errorName(error) === "NoSuchKey") {
        const problem = `is not in bucket "${bucket}"`;
        throw new PlanUnreadable({ object: `plan "${hash}"`, problem, remedy: REPLAN, cause: error });
      }
      throw this.#failed(hash, error);
    }
  }

  #failed(hash: string, error: unknown): Error {
    return translateError({ service: "S3", object: `plan "${hash}" in bucket "${this.#props.bucket}"` }, error);
  }
}

function key(hash: string): string {
  return `plans/${hash}.json`;
}

function parsePlan(hash: string, text: string): Plan {
  try {
    return JSON.parse(text) as Plan;
  } catch (cause) {
    throw new PlanUnreadable({ object: `plan "${hash}"`, problem: "is not JSON", remedy: REPLAN, cause });
  }
}

/** A plan with the right hash is a plan that the planner made: of its shape, only whose planner needs a second check. */
function assertHash(hash: string, plan: Plan): void {
  const { hash: carried, ...body } = plan;
  const actual = canonicalHash(body);
  if (carried === hash && actual === hash) {
    requireFormat(hash, plan);
    return;
  }
  const problem = `has a text whose SHA-256 is ${actual}: it was changed after it was made`;
  throw new PlanUnreadable({ object: `plan "${hash}"`, problem, remedy: REPLAN });
}

function requireFormat(hash: string, { format }: { readonly format: number }): void {
  if (format === PLAN_FORMAT) return;
  throw new PlanUnreadable({
    object: `plan "${hash}"`,
    problem: `is of format ${String(format)}, and this version of Sluice carries out format ${String(PLAN_FORMAT)}`,
    remedy: "Deploy the version that made it, to go on with its run or to undo it",
  });
}
