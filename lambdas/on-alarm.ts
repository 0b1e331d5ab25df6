import { z } from "zod";
import { onAlarm } from "../core/run/rollback/on-alarm.ts";
import { registryPorts } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

/**
 * An alarm's change of state as EventBridge delivers it, metric or composite; the rule lets through those that fire.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
const event = z.object({
  time: z.iso.datetime(),
  detail: z.object({
    alarmName: z.string().min(1),
    state: z.object({ value: z.literal("ALARM"), reason: z.string().default("CloudWatch gave no reason") }),
  }),
});

export const handler = task(event, ({ time, detail: { alarmName, state } }) =>
  onAlarm(registryPorts, { alarm: alarmName, reason: state.reason, at: time }),
);
