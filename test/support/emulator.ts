import { afterAll, beforeAll } from "vitest";
import { type Emulator, startEmulator } from "../../local/emulator.ts";

/** The first start on a machine installs MiniStack. */
const START_TIMEOUT_MS = 180_000;

/** What a client of the AWS SDK needs in order to talk to the emulator, and what it must not wait for. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
}

/** An emulator for the tests of this file: started before the first of them, ended after the last. */
export function useEmulator(): { readonly emulator: () => Emulator; readonly client: () => ClientConfig } {
  let running: Emulator | undefined;
  beforeAll(async () => {
    running = await startEmulator();
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await running?.stop();
  });
  const emulator = () => {
    if (running === undefined) throw new Error("the emulator is there only while a test runs");
    return running;
  };
  return { emulator, client: () => clientConfig(emulator().url) };
}

/** Explicit, so that no variable and no profile of the developer's machine can send a test to a real account. */
export function clientConfig(endpoint: string): ClientConfig {
  return {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  };
}
