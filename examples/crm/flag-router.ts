import { AppConfigDataClient } from "@aws-sdk/client-appconfigdata";
import type { Services } from "../../cli/services/services.ts";
import { AppConfigSource, FlagClient } from "../../client/index.ts";
import type { Teardown } from "../../local/stack.ts";

/** AppConfig takes no shorter interval than 15 s; the emulator does, and the demo's steps soak for seconds only. */
const POLL_MS = 1_000;

export interface ConnectFlagProps {
  readonly services: Services;
  readonly migration: string;
  readonly teardown: Teardown;
}

/** The application's client of the migration's flag, polling. */
export async function connectFlag({ services, migration, teardown }: ConnectFlagProps): Promise<FlagClient> {
  const { all } = await services.stack();
  const client = new AppConfigDataClient({});
  const application = all["FlagApplication"] ?? "";
  const source = new AppConfigSource({ client, application, environment: migration, profile: migration });
  const flag = new FlagClient({ migration, source, intervalMs: POLL_MS });
  await flag.start();
  teardown.add(() => {
    flag.stop();
    return Promise.resolve();
  });
  return flag;
}
