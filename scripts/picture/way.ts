/** A state of the Amazon States Language, as far as the picture shows it. */
interface State {
  readonly Type: string;
  readonly Comment?: string;
  readonly Resource?: string;
  readonly Parameters?: { readonly gate?: string };
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly StringEquals?: string; readonly Next: string }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly ItemProcessor?: StateMachine;
}

export interface StateMachine {
  readonly Comment?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** A place where the run asks whether it may go on. */
export interface Gate {
  /** The Task state's name. */
  readonly state: string;
  /** As a migration file has it: `before_cutover`. */
  readonly name: string;
  /** Whether it can stand by until a person acts. */
  readonly standsBy: boolean;
  /** Whether a failure leads to the rollback. */
  readonly rollsBack: boolean;
}

/** One place on the way: a Task state, with the Map that it feeds where it does. */
export interface Stop {
  /** The Task state's name. */
  readonly state: string;
  /** The lambda's name; `again` where it was on the way before. */
  readonly title: string;
  readonly lambda: string;
  /** The state's own Comment, or that of its Map. */
  readonly comment: string;
  /** Whether the state machine calls it again and again until it says that it is done. */
  readonly repeats: boolean;
  /** The gate that has to be passed first. */
  readonly gate?: Gate | undefined;
  /** The gate that its loop passes through. */
  readonly loopGate?: Gate | undefined;
  /** Whether it can be paused: it then stands by until a person acts. */
  readonly pauses: boolean;
  /** Whether a Map runs several of it at once. */
  readonly fansOut: boolean;
  /** Whether a failure leads to the rollback. */
  readonly rollsBack: boolean;
  /** The Fail state that it ends in otherwise. */
  readonly fails?: { readonly title: string; readonly comment: string } | undefined;
}

/** The name of the state that starts the rollback. */
const ROLLBACK = "RollBack";

/** The stops from the first state to the last where everything goes well, each with the gates that belong to it. */
export function wayOf(machine: StateMachine): readonly Stop[] {
  const spine = spineOf(machine);
  const stops = spine.filter((name) => !isGate(machine, name));
  const lambdas = stops.map((name) => lambdaOf(machine, name));
  return stops.map((name, index) => {
    const lambda = lambdas[index] ?? name;
    const map = mapOf(machine, name);
    const back = comesBackThrough(machine, name, spine);
    const before = spine[spine.indexOf(name) - 1] ?? name;
    const within = [...back].find((each) => isGate(machine, each) && !spine.includes(each));
    return {
      state: name,
      title: lambdas.indexOf(lambda) < index ? `${spaced(lambda)} again` : spaced(lambda),
      lambda,
      comment: (map ?? machine.States[name])?.Comment ?? "",
      repeats: back.has(name),
      gate: isGate(machine, before) ? gateOf(machine, before) : undefined,
      loopGate: within === undefined ? undefined : gateOf(machine, within),
      pauses: standsBy(machine, name),
      fansOut: map !== undefined,
      ...wayOutOf(machine, name),
    };
  });
}

const isGate = ({ States }: StateMachine, name: string): boolean => States[name]?.Parameters?.gate !== undefined;

function gateOf(machine: StateMachine, state: string): Gate {
  const name = machine.States[state]?.Parameters?.gate ?? state;
  return { state, name, standsBy: standsBy(machine, state), rollsBack: wayOutOf(machine, state).rollsBack };
}

/** Whether the Choice behind a Task has a branch for standing by. */
function standsBy({ States }: StateMachine, task: string): boolean {
  const choices = States[States[task]?.Next ?? ""]?.Choices ?? [];
  return choices.some(({ StringEquals }) => StringEquals === "standby");
}

/** The Task states on the way, by name; a Choice is passed by its branch for `done`, else by its default. */
function spineOf({ StartAt, States }: StateMachine): readonly string[] {
  const spine: string[] = [];
  for (let name: string | undefined = StartAt; name !== undefined; name = onwards(States[name])) {
    if (States[name]?.Type === "Task") spine.push(name);
    if (spine.length > Object.keys(States).length) throw new RangeError(`the way from ${StartAt} never ends`);
  }
  return spine;
}

function onwards(state: State | undefined): string | undefined {
  const done = state?.Choices?.find(({ StringEquals }) => StringEquals === "done");
  return done?.Next ?? state?.Default ?? state?.Next;
}

/** The Map that the Choice behind a Task leads to while there is work. */
function mapOf({ States }: StateMachine, task: string): State | undefined {
  const choice = States[States[task]?.Next ?? ""];
  const work = States[choice?.Default ?? ""];
  return work?.Type === "Map" ? work : undefined;
}

function lambdaOf(machine: StateMachine, task: string): string {
  const inner = mapOf(machine, task)?.ItemProcessor;
  const state = inner ? inner.States[inner.StartAt] : machine.States[task];
  return /^\$\{(\w+)\}$/.exec(state?.Resource ?? "")?.[1] ?? task;
}

/** Every state that a Task's side branches (all but the one onwards) pass until they are back on the way. */
function comesBackThrough({ States }: StateMachine, task: string, spine: readonly string[]): ReadonlySet<string> {
  const choice = States[States[task]?.Next ?? ""];
  const main = onwards(choice);
  const open = choice === undefined ? [] : following(choice).filter((name) => name !== main);
  const found = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = States[name];
    if (found.has(name) || state === undefined) continue;
    found.add(name);
    if (!spine.includes(name)) open.push(...following(state));
  }
  return found;
}

function following({ Next, Default, Choices = [] }: State): string[] {
  return [Next, Default, ...Choices.map((choice) => choice.Next)].filter((name) => name !== undefined);
}

function wayOutOf({ States }: StateMachine, task: string): Pick<Stop, "rollsBack" | "fails"> {
  const targets = (States[task]?.Catch ?? []).map(({ Next }) => Next);
  const elsewhere = targets.find((target) => target !== ROLLBACK);
  const rollsBack = targets.includes(ROLLBACK);
  if (elsewhere === undefined) return { rollsBack };
  return { rollsBack, fails: { title: spaced(elsewhere), comment: States[elsewhere]?.Comment ?? "" } };
}

/** `ClaimRollback` to `Claim rollback`. */
function spaced(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
