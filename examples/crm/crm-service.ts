import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { Client } from "pg";
import { CloudWatchAlarms } from "../../adapters/cloudwatch/alarms.ts";
import { GateFailed } from "../../core/errors.ts";
import type { AlarmReading } from "../../core/ports.ts";
import { pause } from "../../local/interruption.ts";
import type { Teardown } from "../../local/stack.ts";
import { ALARM_NAMES, createAlarms } from "./alarms.ts";
import { CrmApp, type Router } from "./app.ts";
import { LockMonitor } from "./lock-monitor.ts";
import { MetricsPublisher } from "./metrics-publisher.ts";
import { seed } from "./seed.ts";

export interface CrmServiceProps {
  readonly connectionString: string;
  readonly router: Router;
  readonly rate: number;
  /** Stops what was started here. */
  readonly teardown: Teardown;
}

/** The running application with all that watches it. */
export interface CrmService {
  readonly app: CrmApp;
  readonly locks: LockMonitor;
}

export async function seedCrm(connectionString: string, contacts: number): Promise<void> {
  const client = new Client({ connectionString });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await seed(client, contacts);
  } finally {
    await client.end();
  }
}

/** Starts the application, its metrics and alarms in CloudWatch, and the watch over its locks. */
export async function startCrm({ connectionString, router, rate, teardown }: CrmServiceProps): Promise<CrmService> {
  const cloudWatch = new CloudWatchClient({});
  await createAlarms(cloudWatch);
  const app = new CrmApp({ connectionString, router, rate });
  teardown.add(() => app.stop());
  const locks = new LockMonitor(connectionString);
  await locks.start();
  teardown.add(() => locks.stop());
  await app.start();
  const metrics = new MetricsPublisher(cloudWatch, app.latency);
  metrics.start();
  teardown.add(() => metrics.stop());
  return { app, locks };
}

const LOOKS = 60;
const LOOK_MS = 500;

/**
 * Waits until both alarms are OK: pre-flight refuses to start under an alarm, or with one that knows nothing yet.
 *
 * @throws GateFailed where they are not after half a minute.
 */
export async function untilHealthy(signal: AbortSignal): Promise<void> {
  const alarms = new CloudWatchAlarms({ client: new CloudWatchClient({}) });
  let readings: ReadonlyMap<string, AlarmReading> = new Map();
  for (let look = 0; look < LOOKS; look += 1) {
    readings = await alarms.states(ALARM_NAMES);
    if (ALARM_NAMES.every((name) => readings.get(name)?.state === "OK")) return;
    await pause(LOOK_MS, signal);
  }
  throw new GateFailed({
    object: [...readings].map(([name, { state }]) => `alarm "${name}" (${state})`).join(", "),
    problem: "the application is not healthy before anything was migrated",
    remedy: "Give this machine less to do, or the application fewer requests (--rate)",
  });
}
