import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LocalSetupFailed } from "../../core/errors.ts";
import { down } from "../../local/down.ts";
import {
  claimDirectory,
  readLocalState,
  releaseDirectory,
  writeLocalState,
  type LocalOwner,
  type LocalState,
} from "../../local/local-state.ts";
import { OwnerEndpoint, stopOwner } from "../../local/owner-endpoint.ts";

let directory: string;
const endpoints: OwnerEndpoint[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-test-"));
});

afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
  await rm(directory, { recursive: true });
});

/** A process with a stack, as others see it. */
async function owner(onStop: () => void = () => undefined): Promise<LocalOwner & { close(): Promise<void> }> {
  const endpoint = new OwnerEndpoint(onStop);
  endpoints.push(endpoint);
  return { ...(await endpoint.open()), close: () => endpoint.close() };
}

function stateOf({ pid, url, token }: LocalOwner): LocalState {
  return {
    format: 1,
    owner: { pid, url, token },
    startedAt: "2026-01-02T03:04:05.000Z",
    environment: { AWS_ENDPOINT_URL: "http://127.0.0.1:4566" },
    configFile: join(directory, "sluice.json"),
    databases: { crm: "postgresql://postgres:secret@127.0.0.1:5432/crm" },
  };
}

describe("readLocalState", () => {
  it("finds the stack that runs", async () => {
    const state = stateOf(await owner());
    await writeLocalState(directory, state);
    expect(await readLocalState(directory)).toEqual(state);
  });

  it("finds none where none was ever started", async () => {
    expect(await readLocalState(join(directory, "nowhere"))).toBeUndefined();
  });

  it("does not take what a crash left for a stack", async () => {
    const gone = await owner();
    await writeLocalState(directory, stateOf(gone));
    await gone.close();
    expect(await readLocalState(directory)).toBeUndefined();
  });

  it("does not take another process on the same port for the stack", async () => {
    const other = await owner();
    await writeLocalState(directory, stateOf({ ...other, token: "of the one that crashed" }));
    expect(await readLocalState(directory)).toBeUndefined();
  });

  it("ignores a file that is cut off", async () => {
    await writeFile(join(directory, "state.json"), '{"format":1,"owner":');
    expect(await readLocalState(directory)).toBeUndefined();
  });

  it("keeps passwords from other users of the machine", async () => {
    await writeLocalState(directory, stateOf(await owner()));
    expect((await stat(join(directory, "state.json"))).mode & 0o777).toBe(0o600);
  });
});

describe("claimDirectory", () => {
  it("refuses a directory whose stack runs, and names its process", async () => {
    const [first, second] = [await owner(), await owner()];
    await claimDirectory(directory, stateOf(first).owner);
    const refusal = claimDirectory(directory, stateOf(second).owner);
    await expect(refusal).rejects.toThrow(LocalSetupFailed);
    await expect(refusal).rejects.toThrow(`runs in process ${String(process.pid)}. Use that one`);
  });

  it("clears away what a crashed stack left, and takes its place", async () => {
    const crashed = await owner();
    await claimDirectory(directory, stateOf(crashed).owner);
    await writeLocalState(directory, stateOf(crashed));
    await crashed.close();
    await claimDirectory(directory, stateOf(await owner()).owner);
    expect(await readdir(directory)).toEqual(["owner.json"]);
  });
});

describe("down", () => {
  it("asks the owner to stop, and returns when it is gone", async () => {
    const stopping = await owner(() => void releaseDirectory(directory).then(() => stopping.close()));
    await claimDirectory(directory, stateOf(stopping).owner);
    expect(await down(directory)).toBe(true);
    await expect(fetch(stopping.url)).rejects.toThrow();
    expect(await down(directory)).toBe(false);
  });

  it("clears away what a crashed stack left", async () => {
    const crashed = await owner();
    await writeLocalState(directory, stateOf(crashed));
    await crashed.close();
    expect(await down(directory)).toBe(false);
    expect(await readdir(directory)).toEqual([]);
  });

  it("says which process to end where it does not stop", async () => {
    const stuck = await owner();
    const stopped = stopOwner(stateOf(stuck).owner, 100);
    await expect(stopped).rejects.toThrow(`local stack of process ${String(process.pid)}: was asked to stop`);
  });

  it("stops nobody without the token", async () => {
    let asked = false;
    const careful = await owner(() => {
      asked = true;
    });
    const answer = await fetch(careful.url, { method: "POST", headers: { authorization: "Bearer guess" } });
    expect([answer.status, asked]).toEqual([401, false]);
  });
});
