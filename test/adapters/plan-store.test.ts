import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { S3PlanStore } from "../../adapters/plan-store.ts";
import { NotFound, ServiceUnavailable } from "../../core/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakePlanStore } from "../support/fakes.ts";
import { plan, planStoreContract } from "./plan-store.conformance.ts";

const { client } = useEmulator();
let count = 0;

async function s3Harness() {
  const s3 = new S3Client(client());
  const Bucket = `plans${String(++count)}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  const damage = async (hash: string, Body: string) => {
    await s3.send(new PutObjectCommand({ Bucket, Key: `plans/${hash}.json`, Body }));
  };
  return { store: new S3PlanStore({ client: s3, bucket: Bucket }), damage, s3, Bucket };
}

planStoreContract("S3", s3Harness);
planStoreContract("in memory", () => {
  const store = new FakePlanStore();
  return Promise.resolve({
    store,
    damage: (hash, text) => {
      store.texts.set(hash, text);
      return Promise.resolve();
    },
  });
});

describe("plan store on S3", () => {
  it("adds no version to a versioned bucket when a plan is stored again", async () => {
    const { store, s3, Bucket } = await s3Harness();
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    await store.put(plan("one"));
    await store.put(plan("one"));
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions).toHaveLength(1);
  });

  it("tells a missing bucket from a service that does not answer", async () => {
    const { s3 } = await s3Harness();
    const { hash } = plan("one");
    await expect(new S3PlanStore({ client: s3, bucket: "no-such-bucket" }).get(hash)).rejects.toThrow(NotFound);
    const nobody = new S3Client({ ...client(), endpoint: "http://127.0.0.1:1" });
    await expect(new S3PlanStore({ client: nobody, bucket: "plans" }).get(hash)).rejects.toThrow(ServiceUnavailable);
  });
});
