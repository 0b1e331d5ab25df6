import { styleOf } from "../../cli/output/style.ts";
import { runCli } from "../../cli/run-cli.ts";
import type { Services } from "../../cli/services/services.ts";
import { FakeClock } from "../support/fakes.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface TestCliProps {
  /** What the commands may use; what is missing here fails the test that uses it. */
  readonly services?: Partial<Services>;
  readonly interactive?: boolean;
  /** What a person answers; nobody can where it is left out. */
  readonly answer?: boolean;
  readonly clock?: FakeClock;
  readonly debug?: boolean;
}

/** Runs command lines as the process would, and keeps what they write. */
export function testCli(props: TestCliProps = {}): (...args: readonly string[]) => Promise<Outcome> {
  return async (...args) => {
    let out = "";
    let err = "";
    const { answer } = props;
    const code = await runCli(args, {
      version: "1.2.3",
      debug: props.debug ?? false,
      clock: props.clock ?? new FakeClock(),
      terminal: {
        write: (text) => void (out += text),
        writeError: (text) => void (err += text),
        interactive: props.interactive ?? false,
        layout: { style: styleOf(false), width: 100 },
        ask: answer === undefined ? undefined : () => Promise.resolve(answer),
      },
      services: () => Promise.resolve(partial(props.services ?? {})),
    });
    return { code, out, err };
  };
}

function partial(services: Partial<Services>): Services {
  return new Proxy(services, {
    get: (target, key) => {
      const part: unknown = Reflect.get(target, key);
      // A service is awaited as a promise is, which looks for `then`.
      if (part === undefined && key !== "then") throw new Error(`the test gives no service ${String(key)}`);
      return part;
    },
  }) as Services;
}
