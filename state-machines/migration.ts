import { stateMachine } from "./asl.ts";
import { catchAll } from "./fragments/catchers.ts";
import { fail, succeed } from "./fragments/ends.ts";
import { choice, wait, whenStatus } from "./fragments/flow.ts";
import { gate } from "./fragments/gate.ts";
import { pausableOnce, pausableStep, polledStep } from "./fragments/polled-step.ts";
import { startRollback } from "./fragments/start-rollback.ts";
import { step } from "./fragments/step.ts";
import { validation } from "./fragments/validation.ts";
import { workerPool } from "./fragments/worker-pool.ts";

const preflight = [
  step("Preflight", {
    comment: "Runs every check before anything is changed; freezes the plan and stores it by its hash",
    parameters: { "migration.$": "$.migration", "runId.$": "$$.Execution.Name", "executionArn.$": "$$.Execution.Id" },
    resultPath: "$.run",
    catches: [catchAll("Refused")],
    next: "Resume",
  }),
  choice("Resume", {
    comment: "An earlier run of this plan that stopped in contract can only continue there",
    choices: [{ Variable: "$.run.resumeAt", StringEquals: "contract", Next: "Contract" }],
    otherwise: "GateBeforeExpand",
  }),
];

const expand = [
  gate("GateBeforeExpand", { comment: "Nothing is changed yet", next: "Expand" }),
  pausableStep("Expand", {
    comment: "One additive DDL step under lock_timeout; the old shape stays as it is",
    next: "GateBeforeBackfill",
  }),
];

const backfill = [
  gate("GateBeforeBackfill", {
    comment: "Both shapes and the sync triggers exist; existing rows are not backfilled yet",
    next: "ShardsForBackfill",
  }),
  workerPool({
    shards: "ShardsForBackfill",
    shardsComment: "Creates shards: ranges of blocks, measured after the sync triggers committed",
    needed: "BackfillNeeded",
    neededComment: "Evaluated again after the workers, since VACUUM FULL or a new partition adds blocks",
    workers: "BackfillWorkers",
    workersComment: "One child execution per worker; workers lease shards from the ledger",
    worker: "Backfill",
    callbackName: "WaitForCallbackInBackfill",
    plan: "$.run.backfill",
    job: "backfill",
    next: "Indexes",
  }),
  pausableStep("Indexes", {
    comment: "One index on the new column, built concurrently, after the backfill",
    next: "GateBeforeValidate",
  }),
];

const validate = [
  gate("GateBeforeValidate", {
    comment: "Existing rows are backfilled and indexed; nothing is validated yet",
    next: "ShardsForValidation",
  }),
  validation({
    job: "validate-before-cutover",
    shards: "ShardsForValidation",
    shardsComment: "Creates shards of the table as it is now; after the workers, finds what was rewritten meanwhile",
    workersComment: "Counts, nulls, exact mismatches and hash sums by segment, one scan per shard",
    resultComment: "Passes only if every block was read and the divergence is within the plan's limit",
    next: "GateBeforeCutover",
  }),
];

const cutover = [
  gate("GateBeforeCutover", {
    comment: "Old and new are validated as equal; no traffic has moved yet",
    next: "Cutover",
  }),
  pausableStep("Cutover", {
    comment: "Widens the flag by one step and follows its deployment",
    choices: [whenStatus("soak", "CutoverSoak")],
    next: "GateBeforeSoak",
  }),
  wait("CutoverSoak", {
    comment: "The step is in effect: traffic runs on it before the gate is evaluated",
    next: "GateBetweenSteps",
  }),
  gate("GateBetweenSteps", {
    comment: "A step of the cutover is in effect; evaluated throughout its soak, and before the next step",
    next: "Cutover",
  }),
];

const soakAndCooling = [
  gate("GateBeforeSoak", { comment: "All traffic is on the new path", next: "Soak" }),
  pausableStep("Soak", { comment: "All traffic on the new path, alarms watched", next: "GateBeforeCooling" }),
  gate("GateBeforeCooling", { comment: "All traffic has soaked on the new path", next: "Cooling" }),
  pausableStep("Cooling", { comment: "Days on the new path; rollback stays possible", next: "GateBeforeContract" }),
];

const revalidate = [
  gate("GateBeforeContract", {
    comment: "Cooling is over; next come the last validation and the removal of the old shape",
    next: "ShardsBeforeContract",
  }),
  validation({
    job: "validate-before-contract",
    suffix: "BeforeContract",
    shards: "ShardsBeforeContract",
    shardsComment: "Creates shards of the table as it is now, once more",
    workersComment: "The same validation once more, on the data of the cooling period",
    resultComment: "Contract requires a validation of its own",
    next: "ClaimContract",
  }),
];

const contract = [
  pausableOnce("ClaimContract", {
    comment: "Reads flag and validation once more, then claims the run: a rollback came first, or is too late",
    callbackComment: "Waits until an operator resumes the run: it is not claimed, and nothing is dropped",
    next: "Contract",
  }),
  polledStep("Contract", {
    comment: "Removes the old shape, one step under its lock; no rollback from here on",
    catches: [catchAll("ContractStopped")],
    next: "Report",
  }),
  step("Report", {
    comment: "Records the result, releases the table lock, notifies operators",
    resultPath: "$.report",
    next: "Done",
  }),
];

const ends = [
  succeed("Done"),
  startRollback("RolledBack"),
  fail("RolledBack", "Traffic is returning to the old path; the expanded schema stays, so that a new run resumes"),
  fail("Refused", "Nothing was changed"),
  fail(
    "ContractStopped",
    "The old shape is partly or not yet removed; traffic stays on the new path; start the migration again to resume",
  ),
];

export const migration = stateMachine({
  comment: 'Sluice: expand, backfill, validate, cut over, cool down, contract. Start with {"migration": "<name>"}',
  startAt: "Preflight",
  fragments: [preflight, expand, backfill, validate, cutover, soakAndCooling, revalidate, contract, ends].flat(),
});
