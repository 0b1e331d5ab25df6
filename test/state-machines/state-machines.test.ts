import aslValidator from "asl-validator";
import { describe, expect, it } from "vitest";
import * as errors from "../../core/errors.ts";
import { GATES } from "../../core/migration/schema.ts";
import { readDefinition } from "../../lib/definition.ts";
import { type Handler, HANDLERS, pascalCase } from "../../lib/handlers.ts";
import { stateMachine } from "../../state-machines/asl.ts";
import { succeed } from "../../state-machines/fragments/ends.ts";
import { migration } from "../../state-machines/migration.ts";
import { rollback } from "../../state-machines/rollback.ts";
import { undo } from "../../state-machines/undo.ts";

interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
  readonly ResultPath?: string;
}

interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly TimeoutSeconds?: number;
  readonly TimeoutSecondsPath?: string;
  readonly Parameters?: { readonly FunctionName?: string; readonly gate?: string };
  readonly ResultPath?: string | null;
  readonly Choices?: readonly {
    readonly Next: string;
    readonly StringEquals?: string;
    readonly NumericGreaterThanEquals?: number;
  }[];
  readonly Catch?: readonly Catcher[];
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[] }[];
  readonly ItemProcessor?: Machine;
}

interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

const SOURCES = { migration, rollback, undo };
const NAMES = ["migration", "rollback", "undo"] as const;
/** One per gate and one per step that an operator can pause. */
const CALLBACK_WAITS = 17;
const HANDLER_BY_STATE = new Map(HANDLERS.map((handler): [string, Handler] => [pascalCase(handler.file), handler]));
/** Errors of Step Functions, Lambda and the services that a state calls; every other one is ours. */
const FOREIGN = /^(States|Lambda|Sandbox|Runtime|StepFunctions)\./;

const machine = (name: string) => readDefinition(name).body as unknown as Machine;

/** The machine and the parts of it that Map states run. */
function machines(outer: Machine): readonly Machine[] {
  return [
    outer,
    ...Object.values(outer.States).flatMap(({ ItemProcessor }) => (ItemProcessor ? machines(ItemProcessor) : [])),
  ];
}

const states = (name: string): readonly [string, State][] =>
  machines(machine(name)).flatMap(({ States }) => Object.entries(States));

/** The lambda that a state calls; one that waits for a token names it among its parameters. */
const lambdaOf = ({ Resource = "", Parameters }: State) =>
  /^\$\{(\w+)\}$/.exec(Parameters?.FunctionName ?? Resource)?.[1];

/** A state that waits until its task token is answered, for as long as the step before it said. */
const waitsForToken = ({ Resource = "" }: State) => Resource.endsWith(".waitForTaskToken");

function targets({ Next, Default, Choices = [], Catch = [] }: State): readonly string[] {
  const all = [Next, Default, ...Choices.map((choice) => choice.Next), ...Catch.map((catcher) => catcher.Next)];
  return all.filter((target) => target !== undefined);
}

function reachable({ StartAt, States }: Machine, without?: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name) || name === without) return;
    found.add(name);
    for (const target of States[name] ? targets(States[name]) : []) visit(target);
  };
  visit(StartAt);
  return found;
}

/** The definition as CloudFormation hands it over: ARNs and the partition in place of `${...}`. */
function substituted(name: string): object {
  const value = (key: string) => {
    if (key === "Partition") return "aws";
    return HANDLER_BY_STATE.has(key)
      ? `arn:aws:lambda:eu-west-1:111122223333:function:${key}`
      : `arn:aws:states:eu-west-1:111122223333:stateMachine:${key}`;
  };
  const text = JSON.stringify(machine(name)).replaceAll(/\$\{(\w+)\}/g, (_, key: string) => value(key));
  return JSON.parse(text) as object;
}

describe.each(NAMES)("the %s state machine", (name) => {
  it("is valid Amazon States Language as it is deployed", () => {
    const { errors: found } = aslValidator(substituted(name));
    expect(found).toEqual([]);
  });

  it("names only steps that are deployed, the partition, and the machine that it starts", () => {
    const unknown = readDefinition(name).substitutions.filter((key) => !HANDLER_BY_STATE.has(key));
    expect(unknown).toEqual(name === "migration" ? ["Partition", "RollbackStateMachine"] : []);
  });

  it("calls integrations in the partition that it is deployed to", () => {
    expect(JSON.stringify(machine(name))).not.toContain("arn:aws");
  });

  it("is rendered from its source as it is now", () => {
    // As text, since the order of states is what a person reads in the file and in the console.
    expect(JSON.stringify(readDefinition(name).body)).toBe(JSON.stringify(SOURCES[name]));
  });

  it("names each state that calls a lambda as that lambda, or beginning with its name", () => {
    const named = states(name).flatMap(([state, definition]) => {
      const lambda = lambdaOf(definition);
      return lambda === undefined ? [] : [{ state, lambda }];
    });
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ state, lambda }) => !state.startsWith(lambda))).toEqual([]);
  });

  it("lets each lambda end, its cold start of up to 10 s included, before its state times out", () => {
    const called = states(name).filter(([, state]) => lambdaOf(state) !== undefined && !waitsForToken(state));
    const late = called.filter(([, state]) => {
      const handler = HANDLER_BY_STATE.get(lambdaOf(state) ?? "");
      return handler !== undefined && handler.timeoutSeconds + 10 >= (state.TimeoutSeconds ?? Infinity);
    });
    const unlimited = called.filter(([, state]) => state.TimeoutSeconds === undefined);
    expect([...late, ...unlimited].map(([state]) => state)).toEqual([]);
  });

  it("waits for a callback as long as the step said that asks for it, and returns to that step", () => {
    const waiting = states(name).filter(([, state]) => waitsForToken(state));
    expect(waiting.length).toBe(name === "migration" ? CALLBACK_WAITS : 0);
    for (const [, { TimeoutSecondsPath, ResultPath, Next, Catch = [] }] of waiting) {
      expect(TimeoutSecondsPath).toBe("$.step.waitSeconds");
      // The answer carries nothing: the step is called again and reads the state anew.
      expect(ResultPath).toBeNull();
      expect(Catch[0]).toMatchObject({ ErrorEquals: ["States.Timeout"], Next });
    }
  });

  it("leads only to states that exist, and has none that nothing leads to", () => {
    for (const part of machines(machine(name))) {
      expect([...reachable(part)].sort()).toEqual(Object.keys(part.States).sort());
    }
  });

  it("retries only errors of class transient, and catches only errors that exist", () => {
    const retried = states(name).flatMap(([, { Retry = [] }]) => Retry.flatMap(({ ErrorEquals }) => ErrorEquals));
    const caught = states(name).flatMap(([, { Catch = [] }]) => Catch.flatMap(({ ErrorEquals }) => ErrorEquals));
    const classes = retryClasses();
    expect(retried.filter((error) => !FOREIGN.test(error) && classes.get(error) !== "transient")).toEqual([]);
    expect(caught.filter((error) => !FOREIGN.test(error) && !classes.has(error))).toEqual([]);
  });

  it("retries every call, and no Map", () => {
    const wrong = states(name).filter(([, { Type, Retry }]) => (Type === "Task") !== (Retry !== undefined));
    expect(wrong.map(([state]) => state)).toEqual([]);
  });
});

describe("the migration state machine", () => {
  const { States } = machine("migration");
  const beforeContract = [...reachable(machine("migration"), "Contract")].flatMap((state): [string, State][] =>
    States[state] ? [[state, States[state]]] : [],
  );

  it("leads every failure of any kind before contract to the rollback, with its error", () => {
    const failing = beforeContract.filter(
      ([state, { Type }]) =>
        (Type === "Task" || Type === "Map") && !["Preflight", "RollBack", "RollBackAgain"].includes(state),
    );
    expect(failing.length).toBeGreaterThan(10);
    const everything = { ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "RollBack" };
    const escaping = failing.filter(([, state]) => {
      const { Catch = [] } = state;
      // The end of a wait is no failure.
      const [first, ...others] = waitsForToken(state) ? Catch.slice(1) : Catch;
      return others.length > 0 || JSON.stringify(first) !== JSON.stringify(everything);
    });
    expect(escaping.map(([state]) => state)).toEqual([]);
  });

  it("reaches contract only by its claim, or where an earlier run has claimed it, and never rolls back from there", () => {
    const leading = Object.entries(States).filter(([, state]) => targets(state).includes("Contract"));
    expect(leading.map(([state]) => state)).toEqual([
      "Resume",
      "ClaimContractProgress",
      "ContractProgress",
      "ContractWait",
    ]);
    expect(States["Contract"]?.Catch).toMatchObject([{ ErrorEquals: ["States.ALL"], Next: "ContractStopped" }]);
    expect(States["ContractStopped"]?.Type).toBe("Fail");
    expect(reachable({ StartAt: "Contract", States })).not.toContain("RollBack");
  });

  it("evaluates every gate, each at its one place between two phases", () => {
    const asked = Object.entries(States).filter(([, state]) => lambdaOf(state) === "Gate");
    const pascal = (gate: string) => gate.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(asked.map(([state, { Parameters }]) => [state, Parameters?.gate])).toEqual(
      GATES.map((gate) => [`Gate${pascal(gate)}`, gate]),
    );
    const phases = asked.map(([state]) =>
      States[`${state}Progress`]?.Choices?.find((choice) => choice.StringEquals === "done"),
    );
    expect(phases.map((choice) => choice?.Next)).toEqual([
      "Expand",
      "ShardsForBackfill",
      "ShardsForValidation",
      "Cutover",
      "Cutover",
      "Soak",
      "Cooling",
      "ShardsBeforeContract",
    ]);
  });

  it("waits for a callback wherever a step may say so, and calls that step again", () => {
    const waiting = Object.entries(States).flatMap(([state, { Choices = [] }]) =>
      Choices.filter(({ StringEquals }) => StringEquals === "callback").map(({ Next }) => [state, Next] as const),
    );
    expect(waiting).toHaveLength(CALLBACK_WAITS);
    for (const [choice, callback] of waiting) {
      const before = Object.entries(States).find(
        ([, state]) => lambdaOf(state) !== undefined && !waitsForToken(state) && state.Next === choice,
      );
      expect(States[callback]?.Next).toBe(before?.[0]);
    }
  });

  it("starts the rollback by nothing that an error may lack: a time-out has no cause", () => {
    const { Input } = (States["RollBack"] as unknown as { readonly Parameters: { readonly Input: object } }).Parameters;
    expect(Input).toEqual({ "run.$": "$.run.id", "error.$": "$.error" });
  });

  it("starts another rollback where one failed: an operator may have asked before the run registry had the run", () => {
    const { RollBack, RollBackAgain } = States;
    expect(RollBack?.Catch).toMatchObject([
      { ErrorEquals: ["StepFunctions.ExecutionAlreadyExistsException"], Next: "RollBackAgain" },
    ]);
    expect(RollBackAgain?.Parameters).toEqual({ request: { "run.$": "$.run.id", "error.$": "$.error" } });
    expect(RollBackAgain?.Next).toBe("RolledBack");
  });

  it("ends a worker after so many turns that its events stay far below 25,000, and creates shards for what is left", () => {
    const processors = Object.values(States).flatMap(({ ItemProcessor }) => ItemProcessor ?? []);
    expect(processors).toHaveLength(3);
    for (const part of processors) {
      const [counter = "", { Next: work = "" } = {}] =
        Object.entries(part.States).find(([, { ResultPath }]) => ResultPath === "$.turns") ?? [];
      const looping = reachable({ StartAt: part.States[work]?.Next ?? "", States: part.States }, counter);
      expect(looping).not.toContain(work);
      const limits = Object.values(part.States).flatMap(({ Choices = [] }) =>
        Choices.flatMap(({ NumericGreaterThanEquals: limit, Next }) => (limit === undefined ? [] : [{ limit, Next }])),
      );
      expect(limits).toEqual([{ limit: 1_500, Next: expect.stringMatching(/Done$/) as string }]);
    }
    for (const map of Object.values(States).filter(({ ItemProcessor }) => ItemProcessor)) {
      expect(map.Next).toMatch(/^Shards/);
    }
  });

  it("refuses a run before anything is changed without a rollback", () => {
    expect(States["Preflight"]?.Catch?.map(({ Next }) => Next)).toEqual(["Refused"]);
  });
});

describe("the undo state machine", () => {
  it("claims the run first, and succeeds only with its record", () => {
    const undo = machine("undo");
    expect(undo.StartAt).toBe("ClaimUndo");
    expect([...reachable(undo)]).toContain("Undone");
    expect([...reachable(undo, "RecordUndo")]).not.toContain("Undone");
  });
});

describe("the rollback state machine", () => {
  it("returns traffic although the run's execution could not be stopped: its claim fences the run off", () => {
    const { States } = machine("rollback");
    expect(States["StopRun"]?.Catch).toMatchObject([{ ErrorEquals: ["States.ALL"], Next: "ReturnTraffic" }]);
  });
});

describe("a state machine made of fragments", () => {
  it("refuses two states of the same name, of which one would be lost", () => {
    const fragments = [succeed("Done"), succeed("Other"), succeed("Done")];
    expect(() => stateMachine({ comment: "", startAt: "Done", fragments })).toThrow(/same name: Done/);
  });
});

function retryClasses(): ReadonlyMap<string, string> {
  type Class = new (...details: unknown[]) => errors.SluiceError;
  const details = { object: "o", problem: "p", remedy: "r" };
  const classes = Object.values(errors).filter((value) => (value as unknown) !== errors.SluiceError) as Class[];
  return new Map(
    classes.map((Class): [string, string] => {
      const error = Class.length === 2 ? new Class("40001", details) : new Class(details);
      return [error.name, error.retry];
    }),
  );
}
