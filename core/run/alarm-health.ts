import { GateFailed } from "../errors.ts";
import type { Alarms, AlarmState } from "../ports.ts";

/** What the alarms say at this moment. */
export interface AlarmHealth {
  readonly healthy: boolean;
  /** One of them is in ALARM, not merely unreadable. */
  readonly alarming: boolean;
  /** `crm-errors is ALARM`, for each that is not OK. */
  readonly reasons: readonly string[];
}

/** Reads the alarms. OK is the only healthy state: no data, no such alarm and no answer are not. */
export async function alarmHealth(alarms: Alarms, names: readonly string[]): Promise<AlarmHealth> {
  if (names.length === 0) return { healthy: true, alarming: false, reasons: [] };
  const states = await alarms.states(names);
  const bad = names
    .map((alarm): [string, AlarmState] => [alarm, states.get(alarm) ?? "missing"])
    .filter(([, state]) => state !== "OK");
  return {
    healthy: bad.length === 0,
    alarming: bad.some(([, state]) => state === "ALARM"),
    reasons: bad.map(([alarm, state]) => `alarm "${alarm}" is ${state}`),
  };
}

export function gateFailed(gate: string, reasons: readonly string[]): GateFailed {
  return new GateFailed({
    object: `gate ${gate}`,
    problem: reasons.join(", "),
    remedy: "Traffic goes back to the old path; start the migration again when the alarms are OK",
  });
}
