/** A state of the Amazon States Language, as far as the picture shows it. */
interface State {
  readonly Type: string;
  readonly Comment?: string;
  readonly Resource?: string;
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
  /** An earlier stop that its loop passes through, by title. */
  readonly returnsTo?: string | undefined;
  /** Whether a Map runs several of it at once. */
  readonly fansOut: boolean;
  /** Whether a failure leads to the rollback: always, only for certain errors, or never. */
  readonly rollsBack: "always" | "sometimes" | "never";
  /** The Fail state that it ends in otherwise. */
  readonly fails?: { readonly title: string; readonly comment: string } | undefined;
}

/** The name of the state that starts the rollback. */
const ROLLBACK = "RollBack";

/** The stops from the first state to the last where everything goes well. */
export function wayOf(machine: StateMachine): readonly Stop[] {
  const spine = spineOf(machine);
  const lambdas = spine.map((name) => lambdaOf(machine, name));
  return spine.map((name, index) => {
    const lambda = lambdas[index] ?? name;
    const map = mapOf(machine, name);
    const back = comesBackTo(machine, name, spine);
    const earlier = spine.slice(0, index).findIndex((each) => back.has(each));
    const again = lambdas.indexOf(lambda) < index;
    return {
      state: name,
      title: again ? `${spaced(lambda)} again` : spaced(lambda),
      lambda,
      comment: (map ?? machine.States[name])?.Comment ?? "",
      repeats: back.has(name),
      returnsTo: earlier < 0 ? undefined : spaced(lambdas[earlier] ?? ""),
      fansOut: map !== undefined,
      ...wayOutOf(machine, name),
    };
  });
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

/** The stops that a Task's side branches (all but the one onwards) lead back to first. */
function comesBackTo({ States }: StateMachine, task: string, spine: readonly string[]): ReadonlySet<string> {
  const choice = States[States[task]?.Next ?? ""];
  const main = onwards(choice);
  const open = [choice?.Default, ...(choice?.Choices ?? []).map(({ Next }) => Next)].filter((name) => name !== main);
  const found = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    if (!spine.includes(name)) open.push(States[name]?.Next);
  }
  return new Set(spine.filter((name) => found.has(name)));
}

function wayOutOf({ States }: StateMachine, task: string): Pick<Stop, "rollsBack" | "fails"> {
  const targets = (States[task]?.Catch ?? []).map(({ Next }) => Next);
  const elsewhere = targets.find((target) => target !== ROLLBACK);
  const rollsBack = !targets.includes(ROLLBACK) ? "never" : elsewhere === undefined ? "always" : "sometimes";
  if (elsewhere === undefined) return { rollsBack };
  return { rollsBack, fails: { title: spaced(elsewhere), comment: States[elsewhere]?.Comment ?? "" } };
}

/** `ClaimRollback` to `Claim rollback`. */
export function spaced(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
