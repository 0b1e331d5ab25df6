import type { ConditionPorts, ReadContext } from "../../../../core/gates/conditions/condition.ts";
import type { Database } from "../../../../core/ports.ts";
import { FakeAlarms, FakeMetrics } from "../../../support/fakes.ts";

const NO_DATABASE: Database = {
  execute: () => Promise.reject(new Error("no database")),
  executeLong: () => Promise.reject(new Error("no database")),
  transaction: () => Promise.reject(new Error("no database")),
};

/** What a condition is read with, at one moment, before anybody was asked anything. */
export function readContext({
  now = new Date(),
  ...ports
}: Partial<ConditionPorts> & { readonly now?: Date }): ReadContext {
  return {
    ports: {
      alarms: new FakeAlarms({}),
      metrics: new FakeMetrics(),
      database: NO_DATABASE,
      clock: { now: () => now },
      ...ports,
    },
    runId: "run-1",
    now,
    approval: undefined,
  };
}
