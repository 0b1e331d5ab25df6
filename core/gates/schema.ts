/** The `gates` of the migration file: what `conditions/registry.ts` has, and when and how a gate evaluates it. */
import { z } from "zod";
import { duration } from "../migration/scalars.ts";
import { alarmName } from "./conditions/alarms.ts";
import { type ConditionSchemas, CONDITIONS } from "./conditions/registry.ts";
import { GATE_DESCRIPTIONS, type GateName } from "./gate-names.ts";

type Optional<Schemas extends Readonly<Record<string, z.ZodType>>> = {
  [Key in keyof Schemas]: z.ZodOptional<Schemas[Key]>;
};

const conditions = Object.fromEntries(
  CONDITIONS.map(({ key, schema }) => [key, schema.optional()]),
) as Optional<ConditionSchemas>;

const gate = z
  .strictObject({
    ...conditions,
    stable_for: duration
      .prefault("0s")
      .describe("How long every condition but an approval must pass without a break; alone, a plain soak"),
    timeout: duration.optional().describe("How long the gate may wait, approval aside (default: gates.timeout)"),
    on_fail: z.enum(["rollback", "pause"]).default("rollback").describe("What a failed gate does to the run"),
  })
  .describe("What must pass for the run to go on");

const gateSchemas = Object.fromEntries(
  Object.entries(GATE_DESCRIPTIONS).map(([name, description]) => [name, gate.optional().describe(description)]),
) as Record<GateName, z.ZodOptional<typeof gate>>;

export const gates = z
  .strictObject({
    alarms: z
      .array(alarmName)
      .default([])
      .describe("Alarms that must be OK at every gate; one that fires from expand to cooling returns all traffic"),
    timeout: duration.prefault("30m").describe("How long a gate may wait before it fails"),
    poll: duration
      .prefault("30s")
      .describe("Between two evaluations of a gate; longer where a gate may wait for hours or days"),
    ...gateSchemas,
  })
  .prefault({})
  .describe("What must be healthy for the run to go on, and who must approve it");

export type Gates = z.output<typeof gates>;
