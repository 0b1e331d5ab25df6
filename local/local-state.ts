import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { LocalSetupFailed } from "../core/errors.ts";
import { ownerAnswers } from "./owner-endpoint.ts";

/** Where a local stack keeps its files, below the working directory. */
export const LOCAL_DIRECTORY = join(".cache", "local");

const ownerSchema = z
  .strictObject({
    /** Of the process that the stack ends with. */
    pid: z.int(),
    /** Where that process takes the request to stop, and the token that proves that it is the very one. */
    url: z.url(),
    token: z.string().min(1),
  })
  .readonly();

const stateSchema = z
  .strictObject({
    format: z.literal(1),
    owner: ownerSchema,
    startedAt: z.iso.datetime(),
    /** Variables with which the AWS SDK, the AWS CLI, the CDK CLI and Sluice's own talk to this stack. */
    environment: z.record(z.string(), z.string()),
    /** The file of the context key `sluice`, for commands that run the CDK. */
    configFile: z.string(),
    /** By the name of the database in a migration: its URL, with the password. */
    databases: z.record(z.string(), z.string()),
  })
  .readonly();

/** The process that a local stack ends with. */
export type LocalOwner = z.output<typeof ownerSchema>;
/** What other processes need to know of a running local stack. */
export type LocalState = z.output<typeof stateSchema>;

/**
 * The local stack that is up now, if any: found by its state file, and asked whether it is still there, so that what
 * a crash left behind is never taken for a stack.
 *
 * @param directory the stack's folder. Default: `.cache/local` below the working directory.
 * @example
 * const local = process.env["AWS_ENDPOINT_URL"] === undefined ? await readLocalState() : undefined;
 * Object.assign(process.env, local?.environment);
 */
export async function readLocalState(directory: string = LOCAL_DIRECTORY): Promise<LocalState | undefined> {
  const state = stateSchema.safeParse(await readJson(join(directory, "state.json")));
  return state.success && (await ownerAnswers(state.data.owner)) ? state.data : undefined;
}

/** Readable by its owner alone: it holds passwords. */
export async function writeLocalState(directory: string, state: LocalState): Promise<void> {
  const text = `${JSON.stringify(state, undefined, 2)}\n`;
  await writeFile(join(directory, "state.json"), text, { mode: 0o600 });
}

/** The process that has a stack in `directory` or is starting one; undefined where it is gone. */
export async function readOwner(directory: string): Promise<LocalOwner | undefined> {
  const owner = ownerSchema.safeParse(await readJson(join(directory, "owner.json")));
  return owner.success && (await ownerAnswers(owner.data)) ? owner.data : undefined;
}

/**
 * Takes `directory` for one stack, and clears away what a crashed one left there.
 *
 * @throws LocalSetupFailed where another process has it.
 */
export async function claimDirectory(directory: string, owner: LocalOwner): Promise<void> {
  const present = await readOwner(directory);
  if (present === undefined) await releaseDirectory(directory);
  await mkdir(directory, { recursive: true });
  try {
    await writeFile(join(directory, "owner.json"), JSON.stringify(owner), { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw new LocalSetupFailed({
      object: `local stack in "${directory}"`,
      problem: present === undefined ? "is being started by another process" : `runs in process ${String(present.pid)}`,
      remedy: "Use that one, or stop it with sluice local down",
      cause,
    });
  }
}

/** Removes what says that a stack is here; logs stay for whoever wants to know. */
export async function releaseDirectory(directory: string): Promise<void> {
  for (const file of ["state.json", "owner.json"]) await rm(join(directory, file), { force: true });
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}
