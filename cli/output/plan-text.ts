import { percent } from "../../core/percent.ts";
import type { CheckResult } from "../../core/preflight/check.ts";
import type { DdlStep, Plan } from "../../core/plan/plan.ts";
import { remark, unrefused } from "./checks-text.ts";
import { bytes, count, counted, milliseconds, seconds, serverVersion } from "./format.ts";
import { facts, indent, type Layout, wrap } from "./layout.ts";
import { gatesAside, gatesLines, guardLines } from "./planned-gates-text.ts";

/** A plan as text: everything that a run of it will do, in the order in which it will. */
export function planText(plan: Plan, checks: readonly CheckResult[], layout: Layout): string {
  const phases = [expand, backfill, indexes, validate, cutover, wait, contract];
  const sections = phases
    .map((phase) => phase(plan, layout))
    .filter((section) => section.body.length > 0)
    .flatMap((section, index) => heading(String(index + 1), section, layout));
  return [
    ...title(plan, layout),
    ...preflight(checks, layout),
    ...gates(plan, layout),
    ...sections,
    ...undo(plan, layout),
    ...notes(plan, layout),
    `${layout.style.dim("plan")} ${plan.hash}`,
    "",
  ].join("\n");
}

interface Section {
  readonly title: string;
  /** What it means for readers and writers, beside the title. */
  readonly aside: string;
  readonly body: readonly string[];
}

function heading(mark: string, section: Section, { style }: Layout): string[] {
  return [`${style.cyan(mark)} ${style.bold(section.title)}  ${style.dim(section.aside)}`, "", ...section.body, ""];
}

function title(plan: Plan, layout: Layout): string[] {
  const { table } = plan;
  const rows: [string, string][] = [
    ...plan.operations.map(({ summary }): [string, string] => ["operation", summary]),
    ["database", `${plan.database}, PostgreSQL ${serverVersion(plan.serverVersion)}`],
    ["table", `${table.schema}.${table.name}, ${table.kind} of about ${counted(table.rows, "row")}`],
    ["size", `${bytes(table.bytes)} in ${counted(table.blocks, "block")}`],
    [
      "rollback",
      plan.reversible
        ? "until contract starts, one flag flip returns all traffic and no write is lost"
        : "a rollback loses data, as the migration acknowledges",
    ],
  ];
  return [layout.style.bold(plan.migration), ...wrap(plan.description, layout.width), "", ...facts(rows, layout), ""];
}

function preflight(checks: readonly CheckResult[], layout: Layout): string[] {
  if (checks.length === 0) return [];
  const remarks = checks.filter(({ verdict }) => verdict !== "ok");
  const refusals = remarks.filter(({ verdict }) => verdict === "refuse").length;
  const passed = `  ${layout.style.green("✓")} ${counted(checks.length - remarks.length, "check")} passed`;
  return heading(
    "0",
    {
      title: "Pre-flight",
      aside: refusals === 0 ? unrefused(remarks.length) : `refused for ${counted(refusals, "reason")}`,
      body: [passed, ...remarks.flatMap((check) => remark(check, layout))],
    },
    layout,
  );
}

function gates(plan: Plan, layout: Layout): string[] {
  const body = [...guardLines(plan, layout), ...gatesLines(plan, layout)];
  return heading("◇", { title: "Rollback alarms and gates", aside: gatesAside(plan), body }, layout);
}

function expand({ expand: steps, lockRetry }: Plan, layout: Layout): Section {
  const retry = `a lock that is not acquired is tried ${count(lockRetry.attempts)} times, ${seconds(lockRetry.baseSeconds)} to ${seconds(lockRetry.maxSeconds)} apart`;
  return {
    title: "Expand",
    aside: `${counted(steps.length, "step")}; adds only, the old shape stays as it is`,
    body: [...ddl(steps, layout), "", ...indent(wrap(retry, layout.width - 4).map(layout.style.dim), "    ")],
  };
}

function ddl(steps: readonly DdlStep[], layout: Layout): string[] {
  return steps.flatMap((step, index) => [...(index === 0 ? [] : [""]), ...ddlStep(step, index + 1, layout)]);
}

function ddlStep(step: DdlStep, number: number, layout: Layout): string[] {
  const { style, width } = layout;
  const [first = "", ...more] = wrap(step.title, width - 6);
  return [
    `  ${style.dim(`${String(number)}.`)} ${first}`,
    ...indent(more, "     "),
    ...indent(wrap(lockText(step), width - 5).map(style.yellow), "     "),
    ...step.statements.flatMap((statement) => sqlLines(statement, layout)),
  ];
}

function lockText(step: DdlStep): string {
  if (step.mode === "concurrent")
    return `lock ${step.lock}, blocks ${step.blocks}; as long as it takes, outside a transaction`;
  if (step.lock === "none") return `no lock on the table; at most ${milliseconds(step.statementTimeoutMs)}`;
  const wait = `waits for it at most ${milliseconds(step.lockTimeoutMs)}, holds it at most ${milliseconds(step.statementTimeoutMs)}`;
  return `lock ${step.lock}, blocks ${step.blocks}; ${wait}`;
}

/** The statement as it is sent: never wrapped, so that it can be copied. */
function sqlLines(statement: string, { style }: Layout): string[] {
  return statement.split("\n").map((line) => `     ${style.dim("│")} ${line}`.trimEnd());
}

function backfill({ backfill: work, estimates }: Plan, layout: Layout): Section {
  const { workers, shardBlocks, batchTargetMs, initialBatchBlocks, sliceSeconds } = work;
  const rows: [string, string][] = [
    [
      "shards",
      `${counted(estimates.shards, "shard")} of ${counted(shardBlocks, "block")}, ${counted(workers, "worker")} at a time`,
    ],
    [
      "batch",
      `one statement and one transaction, ${milliseconds(batchTargetMs)} long, ${counted(initialBatchBlocks, "block")} at first`,
    ],
    ["slice", `a worker runs for ${seconds(sliceSeconds)} in one invocation, then the next one takes over`],
    ["estimate", `${about(estimates.backfillSeconds)}, ${bytes(estimates.walBytes)} of WAL`],
    ["growth", `the table by ${bytes(estimates.extraBytes)} at most, free again after vacuum`],
  ];
  return {
    title: "Backfill",
    aside: `${about(estimates.backfillSeconds)}; locks the rows of one batch at a time`,
    body: [...facts(rows, layout), "", ...sqlLines(work.update, layout)],
  };
}

function indexes({ indexes: steps }: Plan, layout: Layout): Section {
  return {
    title: "Indexes",
    aside: `${counted(steps.length, "index")}, after the backfill`.replace("indexs", "indexes"),
    body: ddl(steps, layout),
  };
}

function validate({ validation }: Plan, layout: Layout): Section {
  const { segments, workers, maxDivergence, shardBlocks } = validation;
  const rows: [string, string][] = [
    ["every row", "exact mismatches, nulls on both sides, hash sums on both sides"],
    ["segments", segments.length === 0 ? "the table as a whole" : `each combination of ${segments.join(", ")}`],
    [
      "shards",
      `of ${counted(shardBlocks, "block")}, ${counted(workers, "worker")} at a time; a shard that was not read fails it`,
    ],
    ["limit", `${percent(maxDivergence)} of rows may differ`],
  ];
  return {
    title: "Validate",
    aside: "before cutover, and again before contract",
    body: [...facts(rows, layout), "", ...sqlLines(validation.scan, layout)],
  };
}

function cutover({ cutover: steps }: Plan, { style }: Layout): Section {
  const column = Math.max(0, ...steps.map(({ title }) => title.length)) + 2;
  return {
    title: "Cutover",
    aside: `${counted(steps.length, "step")} of the flag`,
    body: steps.map(({ title, soakSeconds }, index) => {
      const soak = `${style.dim("then watched for")} ${seconds(soakSeconds)}`;
      return `  ${style.dim(`${String(index + 1)}.`)} ${title.padEnd(column)}${soak}`;
    }),
  };
}

function wait({ soakSeconds, coolingSeconds }: Plan, layout: Layout): Section {
  const rows: [string, string][] = [
    ["soak", `${seconds(soakSeconds)} with all traffic on the new path, alarms watched`],
    ["cooling", `${seconds(coolingSeconds)} more; the old shape is still kept in step, a rollback is possible`],
  ];
  return { title: "Soak and cooling", aside: "then validated once more", body: facts(rows, layout) };
}

function contract({ contract: steps }: Plan, layout: Layout): Section {
  return {
    title: "Contract",
    aside: `${counted(steps.length, "step")}; no rollback from here on`,
    body: ddl(steps, layout),
  };
}

function undo({ undo: steps }: Plan, layout: Layout): string[] {
  const aside = "only on request, and only while all traffic is on the old path";
  return heading("↶", { title: "Undo", aside, body: ddl(steps, layout) }, layout);
}

function notes({ notes: texts }: Plan, layout: Layout): string[] {
  if (texts.length === 0) return [];
  const body = texts.flatMap((text) => {
    const [first = "", ...more] = wrap(text, layout.width - 4);
    return [`  ${layout.style.yellow("!")} ${first}`, ...indent(more, "    ")];
  });
  return heading("!", { title: "Notes", aside: counted(texts.length, "note"), body }, layout);
}

function about(value: number): string {
  return value < 1 ? "less than 1s" : `about ${seconds(value)}`;
}
