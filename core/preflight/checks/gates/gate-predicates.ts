import { PREDICATE_SECONDS } from "../../../run/gate/sql.ts";
import type { CheckResult, PredicateOutcome, PredicateProbe, PreflightContext } from "../../check.ts";
import { operationsOf } from "../../../operations/migration-operations.ts";
import { findings } from "../../finding.ts";
import { declaredGates, gateObject } from "../../gates.ts";

const { ok, warn, refuse, unread } = findings("gate-predicates");
const SLOW_SECONDS = 1;

const UNDEFINED_COLUMN = "42703";
const QUERY_CANCELED = "57014";
/** Data exceptions: a division by zero, a text that is no number. Other rows may give another answer. */
const DATA_EXCEPTION = "22";

/** A predicate that PostgreSQL does not take would hold its gate, days from now, until it fails. */
export function gatePredicates(context: PreflightContext): readonly CheckResult[] {
  if (declaredGates(context.migration).every(({ sql }) => sql.length === 0)) return [ok("gates", "have no predicate")];
  return context.predicates.flatMap((probe) => judge(context, probe) ?? []);
}

function judge(context: PreflightContext, { gate, name, outcome }: PredicateProbe): CheckResult | undefined {
  const object = gateObject(gate, name);
  switch (outcome.kind) {
    case "not asked":
      return undefined;
    case "unread":
      return unread(context, { object, problem: outcome.problem });
    case "read":
      return outcome.value.kind === "value"
        ? valued(object, outcome.value)
        : refused(context, { gate, object, ...outcome.value });
    default:
      return outcome satisfies never;
  }
}

function valued(object: string, { value, seconds }: Extract<PredicateOutcome, { kind: "value" }>): CheckResult {
  const took = `${seconds.toFixed(1)} s`;
  if (seconds > SLOW_SECONDS) {
    return warn({
      object,
      message: `took ${took}, of the ${String(PREDICATE_SECONDS)} s that a gate gives it at each look`,
      remedy: "Make it cheap: an index, EXISTS in place of count(*)",
    });
  }
  if (value === true) return ok(object, "holds now");
  return warn({
    object,
    message: value === null ? "is null now, which does not hold" : "does not hold now",
    remedy: "Make sure that it will when the gate asks, or the run waits there and then fails",
  });
}

interface RefusedPredicate extends Pick<PredicateProbe, "gate"> {
  readonly object: string;
  readonly sqlState: string;
  readonly problem: string;
}

function refused({ migration }: PreflightContext, { gate, object, sqlState, problem }: RefusedPredicate): CheckResult {
  const added = operationsOf(migration).flatMap(({ addedColumns }) => addedColumns);
  const target = added.find((column) => names(problem, column));
  if (sqlState === UNDEFINED_COLUMN && gate !== "before_expand" && target !== undefined) {
    return ok(object, `reads "${target}", and can be evaluated after expand only`);
  }
  if (sqlState.startsWith(DATA_EXCEPTION)) {
    return warn({
      object,
      message: `fails on the rows as they are: ${problem}`,
      remedy: "Let it have an answer for every row",
    });
  }
  if (sqlState === QUERY_CANCELED) {
    return refuse({
      object,
      message: `takes longer than the ${String(PREDICATE_SECONDS)} s that a gate gives it, so the gate could not pass`,
      remedy: "Make it cheap: an index, EXISTS in place of count(*)",
    });
  }
  return refuse({
    object,
    message: `cannot be evaluated: ${problem}`,
    remedy: "Write one boolean expression that reads only, over objects that are there and that the role may read",
  });
}

/** `column "x" does not exist` or `column t.x does not exist`, with the quotes of whatever language the server speaks. */
function names(problem: string, column: string): boolean {
  const escaped = column.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`(?:["»«„“]\\s?|\\.)${escaped}(?:\\s?["»«“”]|\\s|$)`, "u").test(problem);
}
