/**
 * The ports in memory, for the tests of core. Each passes the contract suite that the adapter on AWS passes
 * (`test/adapters/*-contract.ts`), so that a test on a fake says something about the real thing.
 */
import { NotFound, PlanUnreadable, ServiceUnavailable } from "../../core/errors.ts";
import { type FlagState, sameFlagState } from "../../core/flag.ts";
import { canonicalHash, canonicalJson } from "../../core/plan/canonical.ts";
import type { Plan } from "../../core/plan/plan.ts";
import type {
  Alarms,
  AlarmState,
  Clock,
  Control,
  DeploymentState,
  Executions,
  ExecutionStatus,
  Flags,
  Notifier,
  PhaseChange,
  PlanStore,
  RunRecord,
} from "../../core/ports.ts";

/** Time passes by sleeping, and by nothing else. */
export class FakeClock implements Clock {
  #now: number;
  /** Every sleep so far, in milliseconds. */
  readonly slept: number[] = [];

  constructor(start = "2026-01-05T09:00:00.000Z") {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
    this.advance(milliseconds);
    return Promise.resolve();
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

interface FakeDeployment {
  readonly flag: FlagState;
  state: DeploymentState;
}

export interface FakeFlagsProps {
  readonly migrations: readonly string[];
  /** When a stepwise deployment completes. @default "by finish" */
  readonly stepwise?: "by finish" | "at once";
}

export class FakeFlags implements Flags {
  readonly #deployments = new Map<string, FakeDeployment[]>();
  readonly #stepwise: "by finish" | "at once";

  constructor(props: FakeFlagsProps) {
    for (const migration of props.migrations) this.#deployments.set(migration, []);
    this.#stepwise = props.stepwise ?? "by finish";
  }

  exists(migration: string): Promise<boolean> {
    return Promise.resolve(this.#deployments.has(migration));
  }

  async current(migration: string): Promise<FlagState | undefined> {
    return (await this.#of(migration)).findLast(({ state }) => state === "complete")?.flag;
  }

  async inFlight(migration: string): Promise<boolean> {
    return (await this.#of(migration)).at(-1)?.state === "deploying";
  }

  async deployed(migration: string): Promise<boolean> {
    return (await this.#of(migration)).length > 0;
  }

  async deploy(migration: string, flag: FlagState, strategy: "stepwise" | "immediate"): Promise<number> {
    const deployments = await this.#of(migration);
    const newest = deployments.at(-1);
    if (newest !== undefined && newest.state !== "reverted" && sameFlagState(newest.flag, flag)) {
      return deployments.length;
    }
    if (newest?.state === "deploying") {
      if (strategy === "stepwise") {
        throw new ServiceUnavailable({ object: `flag "${migration}"`, problem: "is being deployed", remedy: "Retry" });
      }
      newest.state = "reverted";
    }
    const atOnce = strategy === "immediate" || this.#stepwise === "at once";
    deployments.push({ flag, state: atOnce ? "complete" : "deploying" });
    return deployments.length;
  }

  async deployment(migration: string, deployment: number): Promise<DeploymentState> {
    const found = (await this.#of(migration))[deployment - 1];
    if (found === undefined) throw missing(`deployment ${String(deployment)} of flag "${migration}"`);
    return found.state;
  }

  /** The deployment in flight completes. */
  finish(migration: string): void {
    this.#settle(migration, "complete");
  }

  /** The deployment in flight is rolled back, as by an alarm. */
  revert(migration: string): void {
    this.#settle(migration, "reverted");
  }

  #settle(migration: string, state: DeploymentState): void {
    const newest = this.#deployments.get(migration)?.at(-1);
    if (newest?.state !== "deploying") throw new Error(`no deployment of ${migration} is in flight`);
    newest.state = state;
  }

  async #of(migration: string): Promise<FakeDeployment[]> {
    const deployments = await Promise.resolve(this.#deployments.get(migration));
    if (deployments === undefined) throw missing(`flag "${migration}"`);
    return deployments;
  }
}

export class FakeAlarms implements Alarms {
  readonly #states = new Map<string, AlarmState>();

  constructor(states: Readonly<Record<string, AlarmState>> = {}) {
    for (const [name, state] of Object.entries(states)) this.set(name, state);
  }

  set(name: string, state: AlarmState): void {
    this.#states.set(name, state);
  }

  states(names: readonly string[]): Promise<ReadonlyMap<string, AlarmState>> {
    return Promise.resolve(new Map(names.map((name) => [name, this.#states.get(name) ?? "missing"])));
  }
}

export class FakeControl implements Control {
  readonly #runs = new Map<string, RunRecord>();
  /** Who holds a table, by run id. */
  readonly #holders = new Map<string, string>();

  async register(run: RunRecord): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#claim(run, undefined));
  }

  async takeOver(run: RunRecord, from: string): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#claim(run, from));
  }

  #claim(run: RunRecord, from: string | undefined): RunRecord | undefined {
    const holder = this.#holders.get(run.table);
    if (holder !== undefined && holder !== run.runId && (holder !== from || this.#runs.has(run.runId))) {
      return this.#runs.get(holder);
    }
    if (!this.#runs.has(run.runId)) {
      this.#runs.set(run.runId, run);
      this.#holders.set(run.table, run.runId);
    }
    return undefined;
  }

  release(runId: string): Promise<void> {
    const table = this.#runs.get(runId)?.table;
    if (table !== undefined && this.#holders.get(table) === runId) this.#holders.delete(table);
    return Promise.resolve();
  }

  run(runId: string): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#runs.get(runId));
  }

  holder(table: string): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#runs.get(this.#holders.get(table) ?? ""));
  }

  runs(limit: number): Promise<readonly RunRecord[]> {
    const newestFirst = [...this.#runs.values()].sort((a, b) =>
      `${a.startedAt} ${a.runId}` < `${b.startedAt} ${b.runId}` ? 1 : -1,
    );
    return Promise.resolve(newestFirst.slice(0, limit));
  }

  transition(change: PhaseChange): Promise<RunRecord> {
    return Promise.resolve().then(() => this.#compareAndSet(change));
  }

  /** Without a pause between the look and the change, as in the database. */
  #compareAndSet(change: PhaseChange): RunRecord {
    const run = this.#runs.get(change.runId);
    if (run === undefined) throw missing(`run "${change.runId}"`);
    if (!change.from.includes(run.phase)) return run;
    const reason = change.reason === undefined ? {} : { reason: change.reason };
    const moved: RunRecord = { ...run, phase: change.to, updatedAt: change.at, ...reason };
    this.#runs.set(change.runId, moved);
    return moved;
  }
}

export class FakeExecutions implements Executions {
  readonly #statuses = new Map<string, ExecutionStatus>();
  /** What was stopped, and why. */
  readonly stopped: { readonly executionArn: string; readonly error: string; readonly cause: string }[] = [];

  set(executionArn: string, status: ExecutionStatus): void {
    this.#statuses.set(executionArn, status);
  }

  status(executionArn: string): Promise<ExecutionStatus> {
    return Promise.resolve(this.#statuses.get(executionArn) ?? "missing");
  }

  async stop(executionArn: string, reason: { readonly error: string; readonly cause: string }): Promise<void> {
    if ((await this.status(executionArn)) !== "RUNNING") return;
    this.#statuses.set(executionArn, "ABORTED");
    this.stopped.push({ executionArn, ...reason });
  }
}

export class FakePlanStore implements PlanStore {
  /** The stored texts by hash; a test may damage one. */
  readonly texts = new Map<string, string>();

  put(plan: Plan): Promise<void> {
    return Promise.resolve().then(() => {
      this.#verify(plan.hash, plan);
      if (!this.texts.has(plan.hash)) this.texts.set(plan.hash, canonicalJson(plan));
    });
  }

  async get(hash: string): Promise<Plan> {
    const text = await Promise.resolve(this.texts.get(hash));
    if (text === undefined) throw unreadable(hash, "is not stored");
    let plan: Plan;
    try {
      plan = JSON.parse(text) as Plan;
    } catch {
      throw unreadable(hash, "is not JSON");
    }
    this.#verify(hash, plan);
    return plan;
  }

  #verify(hash: string, { hash: carried, ...body }: Plan): void {
    if (carried !== hash || canonicalHash(body) !== hash) throw unreadable(hash, "has another hash");
  }
}

export class FakeNotifier implements Notifier {
  readonly messages: { readonly subject: string; readonly body: string }[] = [];

  notify(message: { readonly subject: string; readonly body: string }): Promise<void> {
    this.messages.push(message);
    return Promise.resolve();
  }
}

function missing(object: string): NotFound {
  return new NotFound({ object, problem: "does not exist", remedy: "Create it" });
}

function unreadable(hash: string, problem: string): PlanUnreadable {
  return new PlanUnreadable({ object: `plan "${hash}"`, problem, remedy: "Plan again" });
}
