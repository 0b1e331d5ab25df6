import type { Services } from "../../cli/services/services.ts";
import type { Execution } from "../../cli/services/state-machines.ts";
import type { Phase } from "../../core/plan/phases.ts";
import type { RunRegistry, Database } from "../../core/ports.ts";
import type { Progress } from "../../core/run/shards/progress.ts";

/** A run as it stands at this moment. */
export interface RunView {
  readonly execution: Execution;
  /** Undefined until pre-flight has registered the run. */
  readonly phase: Phase | undefined;
  /** What the last step said. */
  readonly message: string | undefined;
  /** The job that is going on or was the last; undefined before the first has shards. */
  readonly job: Progress | undefined;
  /** Rows in which old and new differed at the last proof; undefined before there was one. */
  readonly divergence: number | undefined;
}

export interface RunWatchProps {
  readonly services: Services;
  readonly registry: RunRegistry;
  readonly database: Database;
  readonly executionArn: string;
  readonly runId: string;
}

/** Looks at a run through the same doors as `sluice status`. */
export class RunWatch {
  constructor(private readonly props: RunWatchProps) {}

  async look(): Promise<RunView> {
    const { services, registry, executionArn, runId } = this.props;
    const machines = services.stateMachines();
    const [execution, record, step] = await Promise.all([
      machines.describe(executionArn),
      registry.run(runId),
      machines.lastStep(executionArn),
    ]);
    const jobs = record === undefined ? [] : await this.#jobs(record.planHash);
    const proofs = jobs.filter(({ job, shards }) => job !== "backfill" && shards.done > 0);
    return {
      execution,
      phase: record?.phase,
      message: step?.message,
      job: jobs.at(-1),
      divergence: proofs.length === 0 ? undefined : proofs.reduce((sum, { mismatches }) => sum + mismatches, 0),
    };
  }

  /** Before expand has created the ledger there is nothing to read. */
  async #jobs(planHash: string): Promise<readonly Progress[]> {
    const { services, database, runId } = this.props;
    return services.progress(database, { planHash, runId }).catch(() => []);
  }
}
