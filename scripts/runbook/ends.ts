import { MACHINES, type States, statesOf } from "./machines.ts";
import { linkTo, table } from "./regions.ts";

interface End {
  /** What the state's own Comment does not say. */
  readonly means?: string;
  readonly action: string;
}

/** What comes after each end; a state without an entry, or an entry without its state, is an error. */
const ENDS: Readonly<Record<(typeof MACHINES)[number], Readonly<Record<string, End>>>> = {
  migration: {
    Done: { means: "The old column is gone; the output is the report", action: "Nothing" },
    Refused: {
      means: "Preflight refused; the run is not in the run registry",
      action: "Fix what the error lists, start again",
    },
    RolledBack: {
      means: "Something failed, and the rollback was started",
      action: `See that \`Sluice-rollback\` succeeded, fix the cause, start again: ${linkTo("An alarm fired and the run rolled itself back")}`,
    },
    ContractStopped: {
      means:
        "Contract failed. Each of its steps is one transaction: the old column is there with its triggers, or gone with them",
      action: `Fix the cause, **start the migration again**: it goes straight to contract. It can no longer be rolled back. ${linkTo("Too late: contract has begun")}`,
    },
  },
  rollback: {
    RolledBack: {
      means: "The flag serves the old path to everybody; the output is the report",
      action: "Fix the cause; then start again, or `sluice undo RUN`",
    },
  },
  undo: {
    Undone: {
      means: "The new column, its indexes, triggers and functions are gone; the table is as before",
      action: "Nothing; a new start begins from the beginning",
    },
  },
};

/** Every state in which an execution ends. */
export function endsTable(): string {
  const rows = MACHINES.flatMap((machine) => {
    const states = statesOf(machine);
    const ends = endsOf(states);
    const guides = ENDS[machine];
    const odd = [...ends, ...Object.keys(guides)].filter((name) => !ends.includes(name) || !(name in guides));
    if (odd.length > 0) throw new RangeError(`state machine ${machine}: ${odd.join(", ")} is no end, or has no guide`);
    return Object.entries(guides).map(([name, { means, action }]) => [
      `\`${name}\``,
      machine,
      [means, states[name]?.Comment].filter((text) => text !== undefined).join(". "),
      action,
    ]);
  });
  return table(["state", "of", "means", "action"], rows);
}

function endsOf(states: States): readonly string[] {
  return Object.keys(states).filter((name) => ["Fail", "Succeed"].includes(states[name]?.Type ?? ""));
}
