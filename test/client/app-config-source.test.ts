import { AppConfigDataClient } from "@aws-sdk/client-appconfigdata";
import { expect, it } from "vitest";
import { AppConfigSource, FlagClient } from "../../client/index.ts";
import { type FlagState, NOBODY, OLD_PATH } from "../../core/flag.ts";
import { flagOnAppConfig } from "../support/app-config.ts";
import { useEmulator } from "../support/emulator.ts";

const { client } = useEmulator();
const ACME: FlagState = { read: { percent: 0, tenants: ["acme"], regions: [] }, write: NOBODY };
const request = { path: "read", subject: "1", tenant: "acme" } as const;

async function deployed() {
  const { flags, ids, migration } = await flagOnAppConfig(client());
  const location = { application: ids.application, environment: migration, profile: migration };
  const source = new AppConfigSource({ client: new AppConfigDataClient(client()), ...location });
  return { flags, migration, location, source, flag: new FlagClient({ migration, source }) };
}

it("is on the old path before the first deployment", async () => {
  const { flag } = await deployed();
  await flag.poll();
  expect(flag.counts.polls).toEqual({ succeeded: 1, failed: 0 });
  expect(flag.known).toBe(false);
  expect(flag.route(request)).toBe("old");
});

it("is on the new path at the poll after a deployment, and back at the poll after the rollback", async () => {
  const { flags, migration, flag } = await deployed();
  await flag.poll();
  await flags.deployNow(migration, ACME);
  expect(flag.route(request)).toBe("old");
  await flag.poll();
  expect(flag.state).toEqual(ACME);
  expect(flag.route(request)).toBe("new");
  await flags.deployNow(migration, OLD_PATH);
  await flag.poll();
  expect(flag.route(request)).toBe("old");
});

it("brings a state once, and nothing while it stays", async () => {
  const { flags, migration, source } = await deployed();
  await flags.deployNow(migration, ACME);
  expect(await source.poll()).toContain("acme");
  expect(await source.poll()).toBeUndefined();
});

it("begins a new session after a failed poll", async () => {
  const { flags, migration, location } = await deployed();
  const appConfigData = new AppConfigDataClient(client());
  let broken = false;
  appConfigData.middlewareStack.add((next) => (args) => {
    if (broken) throw new Error("connection lost");
    return next(args);
  });
  const flag = new FlagClient({ migration, source: new AppConfigSource({ client: appConfigData, ...location }) });
  await flags.deployNow(migration, ACME);
  await flag.poll();
  broken = true;
  await flag.poll();
  expect(flag.state).toEqual(ACME);
  broken = false;
  await flags.deployNow(migration, OLD_PATH);
  await flag.poll();
  expect(flag.state).toEqual(OLD_PATH);
  expect(flag.counts.polls).toEqual({ succeeded: 2, failed: 1 });
});

it("does not take an unknown flag for one that was not deployed yet", async () => {
  const { location, flag } = await deployed();
  const data = new AppConfigDataClient(client());
  const elsewhere = new AppConfigSource({ client: data, ...location, profile: "no-such-profile" });
  await expect(elsewhere.poll()).rejects.toThrow(/no-such-profile/);
  expect(flag.known).toBe(false);
});
