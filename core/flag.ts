/**
 * Who is on the new path. One migration has one flag with two paths, read and write; the client asks it for each
 * request, and the cutover widens it step by step.
 */
import { bucketOf, inShare } from "./bucket.ts";

/** Who a path serves from the new shape. Somebody is on it when any of the three says so. */
export interface Exposure {
  /** Share of subjects, 0 to 100; by the bucket of `bucket.ts`, so that raising it never takes anybody off. */
  readonly percent: number;
  readonly tenants: readonly string[];
  readonly regions: readonly string[];
}

export interface FlagState {
  readonly read: Exposure;
  readonly write: Exposure;
}

export const NOBODY: Exposure = { percent: 0, tenants: [], regions: [] };

/** All traffic on the old path: what a rollback deploys, and what a client assumes when it knows nothing. */
export const OLD_PATH: FlagState = { read: NOBODY, write: NOBODY };

/** One request of the application. What it does not know, it leaves out: it is then not counted in by that. */
export interface RouteRequest {
  readonly path: "read" | "write";
  /** Who asks: a user, an account, a session. Always the same one gets the same answer. */
  readonly subject?: string | undefined;
  readonly tenant?: string | undefined;
  readonly region?: string | undefined;
}

/** Which shape serves a request. */
export function route(migration: string, state: FlagState, request: RouteRequest): "old" | "new" {
  const { percent, tenants, regions } = state[request.path];
  const exposed =
    percent >= 100 ||
    (request.subject !== undefined && inShare(bucketOf(migration, request.subject), percent)) ||
    (request.tenant !== undefined && tenants.includes(request.tenant)) ||
    (request.region !== undefined && regions.includes(request.region));
  return exposed ? "new" : "old";
}

/** Whether both put the same traffic on the same path; the order of tenants and regions does not matter. */
export function sameFlagState(a: FlagState, b: FlagState): boolean {
  return (["read", "write"] as const).every(
    (path) =>
      a[path].percent === b[path].percent &&
      sameMembers(a[path].tenants, b[path].tenants) &&
      sameMembers(a[path].regions, b[path].regions),
  );
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  const members = new Set(a);
  return members.size === new Set(b).size && b.every((member) => members.has(member));
}

const SHARE = { constraints: { type: "number", required: true, minimum: 0, maximum: 100 } } as const;
const NAMES = { constraints: { type: "array", elements: { type: "string" } } } as const;

/**
 * The state as a document of an AppConfig profile of type AWS.AppConfig.FeatureFlags: one flag, named as the
 * migration, with attributes `readPercent`, `readTenants`, `readRegions`, `writePercent`, `writeTenants`,
 * `writeRegions`. An empty list is left out: in AWS's schema it would be a list of strings and one of numbers at once,
 * where only one may match.
 *
 * Source: https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-type-reference-feature-flags.html
 */
export function flagDocument(migration: string, state: FlagState): object {
  return {
    version: "1",
    flags: {
      [migration]: {
        name: migration,
        description: "Which traffic uses the new shape. Deployed by Sluice; do not edit while a run is going on.",
        attributes: {
          readPercent: SHARE,
          readTenants: NAMES,
          readRegions: NAMES,
          writePercent: SHARE,
          writeTenants: NAMES,
          writeRegions: NAMES,
        },
      },
    },
    values: {
      [migration]: {
        enabled: true,
        readPercent: state.read.percent,
        ...listed("readTenants", state.read.tenants),
        ...listed("readRegions", state.read.regions),
        writePercent: state.write.percent,
        ...listed("writeTenants", state.write.tenants),
        ...listed("writeRegions", state.write.regions),
      },
    },
  };
}

function listed(attribute: string, members: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return members.length === 0 ? {} : { [attribute]: members };
}

/**
 * Reads the state from a document of {@link flagDocument}, or from what AppConfig serves of it, which is its `values`
 * alone. A flag that somebody switched off means the old path.
 *
 * @returns undefined where the text is not such a document, or has no flag of this migration.
 */
export function parseFlag(migration: string, text: string): FlagState | undefined {
  const document = parseObject(text);
  const values = asObject(document?.["values"]) ?? document;
  const flag = asObject(values?.[migration]);
  if (flag === undefined || typeof flag["enabled"] !== "boolean") return undefined;
  if (!flag["enabled"]) return OLD_PATH;
  const read = exposure(flag["readPercent"], flag["readTenants"], flag["readRegions"]);
  const write = exposure(flag["writePercent"], flag["writeTenants"], flag["writeRegions"]);
  return read === undefined || write === undefined ? undefined : { read, write };
}

function exposure(percent: unknown, tenants: unknown, regions: unknown): Exposure | undefined {
  if (typeof percent !== "number" || percent < 0 || percent > 100) return undefined;
  const lists = { tenants: strings(tenants), regions: strings(regions) };
  if (lists.tenants === undefined || lists.regions === undefined) return undefined;
  return { percent, tenants: lists.tenants, regions: lists.regions };
}

function strings(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  return Array.isArray(value) && value.every((member) => typeof member === "string") ? value : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
