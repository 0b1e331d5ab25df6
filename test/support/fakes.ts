/**
 * The ports in memory, for the tests of core. Each passes the contract suite that the adapter on AWS passes
 * (`test/adapters/*-contract.ts`), so that a test on a fake says something about the real thing.
 */
export { FakeAlarms } from "./fakes/alarms.ts";
export { FakeApprovals } from "./fakes/approvals.ts";
export { FakeCallers } from "./fakes/callers.ts";
export { FakeClock } from "./fakes/clock.ts";
export { FakeRunRegistry } from "./fakes/run-registry.ts";
export { FakeExecutions } from "./fakes/executions.ts";
export { FakeFlags } from "./fakes/flags.ts";
export { FakeMetrics } from "./fakes/metrics.ts";
export { FakeNotifier } from "./fakes/notifier.ts";
export { FakePlanStore } from "./fakes/plan-store.ts";
export { FakeCallbacks } from "./fakes/callbacks.ts";
