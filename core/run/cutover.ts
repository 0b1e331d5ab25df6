import { FlagDeploymentFailed } from "../errors.ts";
import { OLD_PATH } from "../flag.ts";
import { recordEvent } from "../ledger/event.ts";
import type { Phase } from "../plan/phases.ts";
import type { CutoverStep, Plan } from "../plan/plan.ts";
import type { Database } from "../ports.ts";
import { sql } from "../sql/statement.ts";
import { enterPhase, requirePhase, type Ports, type Run } from "./run.ts";
import { done, soak, wait, type StepResult } from "./step-result.ts";

/**
 * Between two looks at a deployment, in seconds: soon at first, since most are done at once; then a quarter of its age,
 * since one that bakes takes minutes, and each look is some 9 events of the 25,000 that an execution may have.
 */
const MIN_LOOK = 2;
const MAX_LOOK = 30;
const LOOK_AFTER_SHARE_OF_AGE = 0.25;

/** Looks of the gate in all soaks together: each is some 16 events of the 25,000 that an execution may have. */
const MAX_LOOKS = 400;

/**
 * Follows the plan's flag steps. Each call looks at where the run is: a step whose deployment is complete soaks, with
 * the state machine asking the gate again and again meanwhile, then the next step is deployed. What was reached stands
 * in the ledger, so a call that is repeated neither skips a step's soak nor deploys a step twice.
 *
 * @throws FlagDeploymentFailed where AppConfig or a person took the deployment back.
 */
export async function cutover(
  ports: Pick<Ports, "registry" | "database" | "clock" | "flags">,
  run: Run,
): Promise<StepResult> {
  await enterPhase(ports, run, "cutover");
  const { cutover: steps } = run.plan;
  const reached = await reachedStep(ports.database, run);
  if (reached) await requireStanding(ports, run, reached);
  if (reached && reached.soakLeft > 0) return soakOn(run, reached.soakLeft, titleOf(steps, reached.stepId));
  const step = steps[reached ? steps.findIndex(({ id }) => id === reached.stepId) + 1 : 0];
  return step
    ? deployStep(ports, run, step)
    : done(steps.length === 0 ? "the plan moves no traffic" : "all traffic is on the new path");
}

async function deployStep(
  ports: Pick<Ports, "registry" | "database" | "flags">,
  run: Run,
  step: CutoverStep,
): Promise<StepResult> {
  const started = await startedDeployment(ports.database, run, step);
  const { deployment, ageSeconds } = started ?? { deployment: await startDeployment(ports, run, step), ageSeconds: 0 };
  const state = await ports.flags.deployment(run.plan.migration, deployment);
  switch (state) {
    case "deploying":
      return wait(nextLook(ageSeconds), `${step.title}: deployment ${String(deployment)} is under way`);
    case "complete":
      await recordEvent(ports.database, {
        runId: run.ref.id,
        kind: "flag-step",
        subject: step.id,
        detail: { deployment, soakSeconds: step.soakSeconds },
      });
      return soakOn(run, step.soakSeconds, step.title);
    case "reverted":
      throw reverted(step.title, deployment);
    default:
      return state satisfies never;
  }
}

function nextLook(ageSeconds: number): number {
  return Math.min(MAX_LOOK, Math.max(MIN_LOOK, ageSeconds * LOOK_AFTER_SHARE_OF_AGE));
}

/** Soaks until the next look of the gate, which fails at once where an alarm fires: nothing else watches a soak. */
function soakOn({ plan }: Run, left: number, title: string): StepResult {
  return soak(
    Math.min(left, secondsBetweenLooks(plan)),
    `${title}: in effect, ${String(Math.ceil(left))} s of soak left`,
  );
}

function secondsBetweenLooks({ rollbackAlarms, cutover: steps }: Plan): number {
  const total = steps.reduce((sum, { soakSeconds }) => sum + soakSeconds, 0);
  return Math.max(rollbackAlarms.pollSeconds, total / MAX_LOOKS);
}

/** Remembers the number: asked to deploy a state that was taken back, the flags would deploy it anew, again and again. */
async function startDeployment(
  ports: Pick<Ports, "registry" | "database" | "flags">,
  run: Run,
  step: CutoverStep,
): Promise<number> {
  const { migration, rollbackAlarms } = run.plan;
  const deployment = await ports.flags.deploy(migration, step.flag, rollbackAlarms.alarms);
  // Before anything that may fail, the database above all: a repeated call would be refused before it came here.
  await takeBackIfRolledBack(ports, run);
  const about = { runId: run.ref.id, kind: "flag-deployment", subject: step.id } as const;
  await recordEvent(ports.database, { ...about, detail: { deployment } });
  return deployment;
}

interface StartedDeployment {
  readonly deployment: number;
  readonly ageSeconds: number;
}

async function startedDeployment(
  database: Database,
  run: Run,
  step: CutoverStep,
): Promise<StartedDeployment | undefined> {
  const [row] = await database.execute(sql`
    SELECT CAST(detail ->> 'deployment' AS int) AS deployment,
      CAST(extract(epoch FROM clock_timestamp() - at) AS double precision) AS age
    FROM sluice.event
    WHERE run_id = ${run.ref.id} AND kind = 'flag-deployment' AND subject = ${step.id} ORDER BY id DESC LIMIT 1`);
  return row && { deployment: Number(row["deployment"]), ageSeconds: Number(row["age"]) };
}

/** A step that was taken back after it had come into effect is no ground for the next. */
async function requireStanding({ flags }: Pick<Ports, "flags">, run: Run, reached: ReachedStep): Promise<void> {
  const state = await flags.deployment(run.plan.migration, reached.deployment);
  if (state === "reverted") throw reverted(titleOf(run.plan.cutover, reached.stepId), reached.deployment);
}

const TAKEN_BACK: readonly Phase[] = ["rolled-back", "undoing", "undone"];

/**
 * A rollback may have claimed the run, and returned traffic, between the look at the phase and the deployment. Whoever
 * deploys last looks once more, so that the old path is what stays.
 */
async function takeBackIfRolledBack({ registry, flags }: Pick<Ports, "registry" | "flags">, run: Run): Promise<void> {
  const record = await registry.run(run.ref.id);
  if (record?.phase === "cutover") return;
  if (record && TAKEN_BACK.includes(record.phase)) await flags.deployNow(run.plan.migration, OLD_PATH);
  await requirePhase(registry, run, ["cutover"]);
}

interface ReachedStep {
  readonly stepId: string;
  readonly deployment: number;
  /** Seconds. */
  readonly soakLeft: number;
}

async function reachedStep(database: Database, run: Run): Promise<ReachedStep | undefined> {
  const [row] = await database.execute(sql`
    SELECT subject, CAST(detail ->> 'deployment' AS int) AS deployment,
      CAST((detail ->> 'soakSeconds')::float8 - extract(epoch FROM clock_timestamp() - at) AS double precision) AS soak_left
    FROM sluice.event WHERE run_id = ${run.ref.id} AND kind = 'flag-step' ORDER BY id DESC LIMIT 1`);
  if (!row) return undefined;
  return {
    stepId: String(row["subject"]),
    deployment: Number(row["deployment"]),
    soakLeft: Number(row["soak_left"]),
  };
}

function titleOf(steps: readonly CutoverStep[], id: string): string {
  return steps.find((step) => step.id === id)?.title ?? id;
}

function reverted(title: string, deployment: number): FlagDeploymentFailed {
  return new FlagDeploymentFailed({
    object: `flag deployment ${String(deployment)} (${title})`,
    problem: "was taken back, by a person or by an alarm monitor that somebody gave its environment",
    remedy: "Look at the deployment's event log in AppConfig; start the migration again when its cause is gone",
  });
}
