import type { Functions } from "../../cli/services/functions.ts";
import { remoteError } from "../../cli/services/remote-error.ts";
import type { Services, StackOutputs } from "../../cli/services/services.ts";
import type { StateMachines } from "../../cli/services/state-machines.ts";
import type { Approval, CallerProof, Database, RunRecord } from "../../core/ports.ts";
import { decide } from "../../core/run/operator/decide.ts";
import { pause, resume } from "../../core/run/operator/pause.ts";
import { start } from "../../core/run/operator/start.ts";
import { FakeApprovals } from "../support/fakes/approvals.ts";
import { FakeCallers } from "../support/fakes/callers.ts";
import { FakeClock } from "../support/fakes/clock.ts";
import { FakeRunRegistry } from "../support/fakes/run-registry.ts";
import { FakeExecutions } from "../support/fakes/executions.ts";
import { FakeCallbacks } from "../support/fakes/callbacks.ts";

export const START = "2026-01-05T09:00:00.000Z";
export const HASH = `3f9c21ab${"0".repeat(56)}`;
export const ANA = "arn:aws:iam::111122223333:user/ana";
export const BEN = "arn:aws:iam::111122223333:user/ben";

/** A run that waits in front of its cutover. */
export function runRecord(runId: string, more: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    migration: "lead-source",
    planHash: HASH,
    executionArn: `arn:aws:states:eu-west-1:1:execution:migration:${runId}`,
    tables: [`crm/crm.${runId}`],
    phase: "validate",
    startedAt: START,
    updatedAt: START,
    alarms: ["crm-errors"],
    startedBy: ANA,
    ...more,
  };
}

export function question(runId: string, more: Partial<Approval> = {}): Approval {
  return {
    runId,
    gate: "before_cutover",
    planHash: HASH,
    requestedAt: START,
    deadline: "2026-01-08T09:00:00.000Z",
    selfApproval: true,
    ...more,
  };
}

/**
 * The deployed stack in memory: its functions are the real ones of core over the fakes of the ports, and what they
 * throw comes back as Lambda hands it on. Who calls is `caller`.
 */
export class OperatedStack {
  readonly registry = new FakeRunRegistry();
  readonly approvals = new FakeApprovals();
  readonly callbacks = new FakeCallbacks();
  readonly executions = new FakeExecutions();
  readonly clock = new FakeClock(START);
  caller = BEN;
  /** Every call of a function, with what it was given. */
  readonly calls: { readonly name: string; readonly payload: Readonly<Record<string, unknown>> }[] = [];

  readonly outputs: StackOutputs = {
    migrationArn: "arn:aws:states:eu-west-1:1:stateMachine:migration",
    rollbackArn: "arn:aws:states:eu-west-1:1:stateMachine:rollback",
    registryTable: "registry",
    all: Object.fromEntries(
      ["Start", "Approve", "Reject", "Pause", "Resume"].map((name) => [`${name}Function`, `function:${name}`]),
    ),
  };

  readonly #functions: Functions = { invoke: (arn, payload) => this.#invoke(arn.split(":")[1] ?? "", payload) };

  services(more: Partial<Services> = {}): Partial<Services> {
    return {
      stack: () => Promise.resolve(this.outputs),
      registry: () => Promise.resolve(this.registry),
      approvals: () => Promise.resolve(this.approvals),
      functions: () => this.#functions,
      proof: (purpose) => Promise.resolve(FakeCallers.proof(this.caller, purpose)),
      caller: () => Promise.resolve(this.caller),
      stateMachines: () => stateMachines(),
      database: () => Promise.resolve({} as Database),
      progress: () => Promise.resolve([]),
      ...more,
    };
  }

  async #invoke(name: string, payload: Readonly<Record<string, unknown>>): Promise<unknown> {
    // As it goes over the wire: what is undefined does not.
    const sent = JSON.parse(JSON.stringify(payload)) as Readonly<Record<string, unknown>>;
    this.calls.push({ name, payload: sent });
    try {
      return await this.#handle(name, sent as unknown as Request);
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error;
      throw remoteError(`function:${name}`, JSON.stringify({ errorType, errorMessage, trace: [] }));
    }
  }

  #handle(name: string, request: Request): Promise<unknown> {
    const { registry, approvals, callbacks, executions, clock } = this;
    const ports = { registry, approvals, callbacks, executions, clock, callers: new FakeCallers() };
    if (name === "Start") return start(ports, request);
    if (name === "Pause") return pause(ports, request);
    if (name === "Resume") return resume(ports, request);
    return decide(ports, { ...request, answer: name === "Approve" ? "approved" : "rejected" });
  }
}

/** All that the functions take; each takes its part. */
interface Request {
  readonly run: string;
  readonly migration: string;
  readonly plan?: string;
  readonly reason: string;
  readonly proof: CallerProof;
}

/** A console that has nothing to tell, but for what the test says. */
export function stateMachines(more: Partial<StateMachines> = {}): StateMachines {
  return {
    start: () => Promise.resolve(undefined),
    describe: () => Promise.resolve({ status: "RUNNING" }),
    currentState: () => Promise.resolve(undefined),
    lastStep: () => Promise.resolve(undefined),
    firstOutput: () => Promise.resolve(undefined),
    ...more,
  };
}
