import type { MigrationCheck } from "../../check.ts";
import { gateCheck } from "../../define-check.ts";
import { alarmsOk } from "./alarms-ok.ts";
import { monitors } from "./monitors.ts";
import { gatePredicates } from "./gate-predicates.ts";
import { gateMetrics } from "./gate-metrics.ts";
import { gateDivergence } from "./gate-divergence.ts";
import { gateTimes } from "./gate-times.ts";
import { gateApproval } from "./gate-approval.ts";

/** The checks of what the run waits for, in their order. */
export const GATE_CHECKS: readonly MigrationCheck[] = [
  gateCheck({
    name: "alarms-ok",
    refusesOrWarns:
      "Refuses an alarm that is not OK, and a table of more than 1 GiB without any; warns of a smaller one.",
    check: alarmsOk,
  }),
  gateCheck({
    name: "monitors",
    refusesOrWarns: "Warns of more than 5 alarms, of which AppConfig watches the first five while a flag bakes.",
    check: monitors,
  }),
  gateCheck({
    name: "gate-predicates",
    refusesOrWarns:
      "Refuses a predicate that PostgreSQL does not take; warns of one that is slow or does not hold now.",
    check: gatePredicates,
  }),
  gateCheck({
    name: "gate-metrics",
    refusesOrWarns:
      "Refuses a metric that CloudWatch does not take, and one without data at the first gate; warns of none at a later one, and of one that would hold now.",
    check: gateMetrics,
  }),
  gateCheck({
    name: "gate-divergence",
    refusesOrWarns: "Refuses the divergence as a condition before there was a validation.",
    check: gateDivergence,
  }),
  gateCheck({
    name: "gate-times",
    refusesOrWarns: "Refuses a timeout that is over before an alarm has been OK for as long as the gate wants.",
    check: gateTimes,
  }),
  gateCheck({
    name: "gate-approval",
    refusesOrWarns: "Refuses a run that nobody is known to have started, where that person may not approve it.",
    check: gateApproval,
  }),
];
