/**
 * What one kind of condition is to a gate. Each kind is one file beside this one, and one line of `registry.ts`:
 * nothing else knows it by name.
 */
import type { z } from "zod";
import type { AlarmReading, Alarms, Approval, Clock, Database, Metrics } from "../../ports.ts";
import type { Reading } from "../../reading.ts";
import type { ConditionReading } from "../evaluation.ts";
import type { GateName } from "../gate-names.ts";

/** What the plan has of one condition; a kind adds its own fields. */
export interface ConditionPlan {
  readonly kind: string;
  /** As the migration calls it; absent where a gate has one of its kind at most. */
  readonly name?: string;
  /** Present where it is from `gates.alarms`, and so at every gate, whether the migration declares that gate or not. */
  readonly inherited?: true;
}

/** One kind of condition. */
export interface ConditionDefinition<
  Schema extends z.ZodType = z.ZodType,
  Planned extends ConditionPlan = ConditionPlan,
  Found = unknown,
> {
  /** The key of a gate in the migration file. */
  readonly key: string;
  /** Of its plan and its readings. */
  readonly kind: Planned["kind"];
  /** What the migration file has under the key. */
  readonly schema: Schema;
  /** @param declared undefined where the gate does not have the key */
  plan(declared: z.output<Schema> | undefined, all: AllGates): readonly Planned[];
  /** One line of the plan's print, with what stands before it. */
  planText(planned: Planned, format: TextFormat): readonly [label: string, text: string];
  /**
   * Each condition now, in the order given: `pass`, `wait`, or `fail` for what is not waited for. It fails closed: what
   * cannot be read does not pass.
   */
  read(context: ReadContext, planned: readonly Planned[]): Promise<readonly ConditionResult[]>;
  /** One line for `sluice status`. @default {@link readingText} */
  statusText?(reading: ConditionReading): string;
  /**
   * Present where people fulfil the condition: they are asked once every other condition passes, and the time that they
   * take counts neither as stable nor as waiting.
   */
  asksPeople?(planned: Planned): Question;
  /** Alarms that end the run when they fire, whichever gate names them. @default none */
  rollbackAlarms?(declared: z.output<Schema>): readonly string[];
  /** What a preflight asks about each condition of the kind. */
  readonly probe?: DatabaseProbe<Planned, Found> | StackProbe<Planned, Found>;
  readonly checks: readonly ConditionCheck<Planned, Found>[];
}

/** What `gates` has for all of them. */
export interface AllGates {
  readonly alarms: readonly string[];
}

/** How long people have, and whether who started the run is one of them. */
export interface Question {
  readonly withinSeconds: number;
  readonly selfApproval: boolean;
}

export interface ReadContext {
  /** Made when they are first asked for: not to be spread. */
  readonly ports: ConditionPorts;
  readonly runId: string;
  /** The moment of the evaluation. */
  readonly now: Date;
  /** What the gate has asked people, and their answer; undefined before it has. */
  readonly approval: Approval | undefined;
}

export interface ConditionPorts {
  readonly alarms: Alarms;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly clock: Pick<Clock, "now">;
}

/** A reading; the engine adds of which kind. */
export type ConditionResult = Omit<ConditionReading, "kind">;

/** How the command line writes amounts. */
export interface TextFormat {
  readonly seconds: (value: number) => string;
  /** A share of 0 to 1. */
  readonly percent: (share: number) => string;
}

/** Asks the migrated database, one question after the other, so as to be no load. */
interface DatabaseProbe<Planned, Found> {
  readonly of: "database";
  ask(ports: Pick<ConditionPorts, "database" | "clock">, planned: Planned): Promise<Found>;
  /** Conditions for which this is the same are asked about once. @default each is asked about */
  sameAs?(planned: Planned): string;
}

/** Asks AWS. */
interface StackProbe<Planned, Found> {
  readonly of: "stack";
  ask(ports: Pick<ConditionPorts, "alarms" | "metrics" | "clock">, planned: Planned): Promise<Found>;
}

/** One condition of one gate, and what its probe came to. */
export interface ConditionProbe<Planned extends ConditionPlan = ConditionPlan, Found = unknown> {
  readonly gate: GateName;
  readonly condition: Planned;
  readonly outcome: Reading<Found>;
}

export interface ConditionCheck<Planned extends ConditionPlan = ConditionPlan, Found = unknown> {
  /** As its results are called: `gate-metrics`. */
  readonly name: string;
  /** What it refuses or warns of: a sentence for the reference. */
  readonly refusesOrWarns: string;
  /** Pure. `ok` where there is nothing to report, and no finding at all where what it reads was not asked for. */
  check(facts: CheckFacts<Planned, Found>, report: Report): readonly ConditionFinding[];
}

/** What a check of a kind may read. */
export interface CheckFacts<Planned extends ConditionPlan = ConditionPlan, Found = unknown> {
  /** The gates that the migration declares, with their conditions of the kind. */
  readonly gates: readonly DeclaredGate<Planned>[];
  /** What the kind's probe came to; empty where it has none, or nothing was asked. */
  readonly probes: readonly ConditionProbe<Planned, Found>[];
  /** Every alarm that the migration names. */
  readonly rollbackAlarms: readonly string[];
  /** Their present states; one that is not in the map counts as missing. */
  readonly alarms: Reading<ReadonlyMap<string, AlarmReading>>;
  readonly tableBytes: number;
  /** The columns that expand adds: a condition of a later gate may read them. */
  readonly addedColumns: readonly string[];
  /** ARN of the caller of `sluice start`; undefined for a run that the console started. */
  readonly startedBy: Reading<string | undefined>;
}

export interface DeclaredGate<Planned> {
  readonly name: GateName;
  readonly timeoutSeconds: number;
  readonly conditions: readonly Planned[];
}

/** What a check found about one object; the preflight's own finding has the same shape. */
export interface ConditionFinding {
  readonly severity: "ok" | "warn" | "refuse";
  readonly object: string;
  readonly message: string;
  readonly remedy: string;
}

/** Makes the findings of one check. */
export interface Report {
  readonly ok: (object: string, message: string) => ConditionFinding;
  readonly warn: (problem: Omit<ConditionFinding, "severity">) => ConditionFinding;
  readonly refuse: (problem: Omit<ConditionFinding, "severity">) => ConditionFinding;
  /** For what a run must know and could not be read: refused, or warned of where no run begins yet. */
  readonly unread: (unread: { readonly object: string; readonly problem: string }) => ConditionFinding;
}

/**
 * One kind of condition, with the types of its parts inferred from each other.
 *
 * @example
 * export const lag = defineCondition({
 *   key: "replica_lag",
 *   kind: "replica_lag",
 *   schema: z.strictObject({ at_most: duration }),
 *   plan: (declared) => (declared ? [{ kind: "replica_lag", atMostSeconds: seconds(declared.at_most) }] : []),
 *   planText: ({ atMostSeconds }, { seconds }) => ["replica lag", `at most ${seconds(atMostSeconds)}`],
 *   read: async ({ ports }, planned) => ...,
 *   checks: [],
 * });
 */
export function defineCondition<
  const Key extends string,
  Schema extends z.ZodType,
  Planned extends ConditionPlan,
  Found = never,
>(
  definition: ConditionDefinition<Schema, Planned, Found> & { readonly key: Key },
): ConditionDefinition<Schema, Planned, Found> & { readonly key: Key } {
  return definition;
}

/** A reading in one line: why it does not pass, which names all of it, or what was read and what is asked for. */
export function readingText({ kind, name, value, threshold, reason }: ConditionReading): string {
  if (reason !== "") return reason;
  const asked = threshold === "" || threshold === value ? "" : ` (asked: ${threshold})`;
  return `${kind === name ? kind : `${kind} ${name}`}: ${value}${asked}`;
}
