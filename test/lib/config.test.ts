import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigurationInvalid } from "../../core/errors.ts";
import { readConfig } from "../../lib/config.ts";
import { CONFIG } from "./synthesized.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-config-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the configuration", () => {
  it("fills in what is left out, on the safe side", () => {
    expect(readConfig(CONFIG)).toEqual({
      ...CONFIG,
      endpoints: {},
      retain: true,
      flagBakeMinutes: 5,
      operatorEmails: [],
      stateMachineVersions: true,
    });
  });

  it("is read from the JSON file that the context names", () => {
    const file = join(folder, "staging.json");
    writeFileSync(file, JSON.stringify({ ...CONFIG, retain: false }));
    expect(readConfig(file).retain).toBe(false);
  });

  it("names the file that cannot be read", () => {
    expect(() => readConfig(join(folder, "absent.json"))).toThrow(/absent\.json.*ENOENT/);
  });

  it.each([
    ["databases", { ...CONFIG, databases: {} }, '"databases": at least one database'],
    [
      "databases.crm.clusterArn",
      { ...CONFIG, databases: { crm: { ...CONFIG.databases.crm, clusterArn: "crm" } } },
      '"databases.crm.clusterArn": an ARN such as "arn:aws:rds:',
    ],
    ["endpoints.rdsData", { ...CONFIG, endpoints: { rdsData: "localhost" } }, '"endpoints.rdsData": '],
    ["flagBakeMinutes", { ...CONFIG, flagBakeMinutes: 61 }, '"flagBakeMinutes": '],
    ["an unknown key", { ...CONFIG, retian: false }, '"retian"'],
    ["nothing at all", undefined, '"migrations": '],
  ])("names the key that is wrong: %s", (_, value, message) => {
    expect(() => readConfig(value)).toThrow(ConfigurationInvalid);
    expect(() => readConfig(value)).toThrow(message);
  });

  it("names every wrong key at once", () => {
    expect(() => readConfig({ ...CONFIG, retain: "no", operatorEmails: ["nobody"] })).toThrow(
      /"retain".*"operatorEmails/s,
    );
  });
});
