import type { Clock } from "../core/ports.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Layout } from "./output/layout.ts";
import type { Services } from "./services/services.ts";

/** Where the command line writes, and what it may ask. */
export interface Terminal {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Whether the output is a terminal. */
  readonly interactive: boolean;
  readonly layout: Layout;
  /** A yes-or-no question; undefined where there is no terminal to ask on. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
}

/** What a command is given. Nothing else of the process is touched by it. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** The stack on AWS, or the local one where it runs and the environment names no other. */
  readonly services: (options: ServiceOptions) => Promise<Services>;
  /** What the process ends with; {@link EXIT}.ok unless a command says otherwise. */
  readonly exit: (code: ExitCode) => void;
}

export interface ServiceOptions {
  /** `--database-config` */
  readonly databaseConfig?: string | undefined;
}
