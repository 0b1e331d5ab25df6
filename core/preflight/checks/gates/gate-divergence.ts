import { GATES, type GateName } from "../../../migration/schema.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { declaredGates, gateObject } from "../../gates.ts";

const { ok, refuse } = findings("gate-divergence");

/** The first gate that comes after a proof of this run. */
const FIRST_AFTER_PROOF: GateName = "before_cutover";

/** What a proof found is known once there was one; before, the gate would hold until it fails. */
export function gateDivergence({ migration }: PreflightContext): readonly CheckResult[] {
  const results = declaredGates(migration)
    .filter(({ divergence }) => divergence !== undefined)
    .map(({ name }) => {
      const object = gateObject(name);
      if (GATES.indexOf(name) >= GATES.indexOf(FIRST_AFTER_PROOF)) {
        return ok(object, "asks for the divergence after the proof has found it");
      }
      return refuse({
        object,
        message: "asks for the divergence, which is known after the validation only: it could not pass",
        remedy: `Move the condition to gates.${FIRST_AFTER_PROOF} or later`,
      });
    });
  return orOk(results, ok("gates", "do not ask for the divergence"));
}
