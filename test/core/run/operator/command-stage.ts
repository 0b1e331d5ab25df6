import type { CallerProof, RunRecord } from "../../../../core/ports.ts";
import { type OperatorCommand, purpose } from "../../../../core/run/operator/purpose.ts";
import {
  FakeApprovals,
  FakeCallers,
  FakeClock,
  FakeRunRegistry,
  FakeExecutions,
  FakeCallbacks,
} from "../../../support/fakes.ts";

export const ANN = "arn:aws:iam::000000000000:user/ann";
export const BOB = "arn:aws:iam::000000000000:user/bob";

/** What the commands of people work with, and a run that they work on. */
export class CommandStage {
  readonly registry = new FakeRunRegistry();
  readonly approvals = new FakeApprovals();
  readonly callbacks = new FakeCallbacks();
  readonly callers = new FakeCallers();
  readonly executions = new FakeExecutions();
  readonly clock = new FakeClock();

  /** A run `a` that Ann started and that stands by. */
  static async begin(changes: Partial<RunRecord> = {}): Promise<CommandStage> {
    const stage = new CommandStage();
    await stage.registry.acquireTableLocks({
      runId: "a",
      migration: "contact-channel",
      planHash: "abcdef0123".padEnd(64, "0"),
      executionArn: "arn:aws:states:us-east-1:000000000000:execution:migration:a",
      tables: ["crm/public.contacts"],
      phase: "validate",
      startedAt: stage.now,
      updatedAt: stage.now,
      alarms: [],
      startedBy: ANN,
      ...changes,
    });
    await stage.callbacks.keep("a", "token");
    return stage;
  }

  get now(): string {
    return this.clock.now().toISOString();
  }

  /** Whether somebody has let the run go on. */
  get woken(): boolean {
    return !this.callbacks.standsBy("a");
  }

  async record(): Promise<RunRecord | undefined> {
    return this.registry.run("a");
  }
}

export function proofOf(
  arn: string,
  command: OperatorCommand,
  request: Readonly<Record<string, string | undefined>>,
): CallerProof {
  return FakeCallers.proof(arn, purpose(command, request));
}
