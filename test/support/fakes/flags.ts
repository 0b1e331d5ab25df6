import { ServiceUnavailable } from "../../../core/errors.ts";
import { type FlagState, sameFlagState } from "../../../core/flag.ts";
import type { DeploymentState, Flags } from "../../../core/ports.ts";
import { missing } from "./missing.ts";

interface FakeDeployment {
  readonly flag: FlagState;
  state: DeploymentState;
}

export interface FakeFlagsProps {
  readonly migrations: readonly string[];
  /** When a stepwise deployment completes. @default "by finish" */
  readonly stepwise?: "by finish" | "at once";
}

export class FakeFlags implements Flags {
  readonly #deployments = new Map<string, FakeDeployment[]>();
  readonly #guards = new Map<string, readonly string[]>();
  readonly #stepwise: "by finish" | "at once";

  constructor(props: FakeFlagsProps) {
    for (const migration of props.migrations) this.#deployments.set(migration, []);
    this.#stepwise = props.stepwise ?? "by finish";
  }

  exists(migration: string): Promise<boolean> {
    return Promise.resolve(this.#deployments.has(migration));
  }

  async current(migration: string): Promise<FlagState | undefined> {
    return (await this.#of(migration)).findLast(({ state }) => state === "complete")?.flag;
  }

  async inFlight(migration: string): Promise<boolean> {
    return (await this.#of(migration)).at(-1)?.state === "deploying";
  }

  async deployed(migration: string): Promise<boolean> {
    return (await this.#of(migration)).length > 0;
  }

  async deploy(migration: string, flag: FlagState, guards: readonly string[]): Promise<number> {
    const deployments = await this.#of(migration);
    const newest = deployments.at(-1);
    if (serves(newest, flag)) return deployments.length;
    if (newest?.state === "deploying") {
      throw new ServiceUnavailable({ object: `flag "${migration}"`, problem: "is being deployed", remedy: "Retry" });
    }
    this.#guards.set(migration, guards.slice(0, 5));
    deployments.push({ flag, state: this.#stepwise === "at once" ? "complete" : "deploying" });
    return deployments.length;
  }

  async deployNow(migration: string, flag: FlagState): Promise<number> {
    const deployments = await this.#of(migration);
    this.#guards.set(migration, []);
    const newest = deployments.at(-1);
    if (serves(newest, flag)) return deployments.length;
    if (newest?.state === "deploying") newest.state = "reverted";
    deployments.push({ flag, state: "complete" });
    return deployments.length;
  }

  async deployment(migration: string, deployment: number): Promise<DeploymentState> {
    const found = (await this.#of(migration))[deployment - 1];
    if (found === undefined) throw missing(`deployment ${String(deployment)} of flag "${migration}"`);
    return found.state;
  }

  /** The alarms that a deployment in flight is taken back for. */
  guards(migration: string): readonly string[] {
    return this.#guards.get(migration) ?? [];
  }

  /** The deployment in flight completes. */
  finish(migration: string): void {
    this.#settle(migration, "complete");
  }

  /** The deployment in flight is rolled back, as by an alarm. */
  revert(migration: string): void {
    this.#settle(migration, "reverted");
  }

  #settle(migration: string, state: DeploymentState): void {
    const newest = this.#deployments.get(migration)?.at(-1);
    if (newest?.state !== "deploying") throw new Error(`no deployment of ${migration} is in flight`);
    newest.state = state;
  }

  async #of(migration: string): Promise<FakeDeployment[]> {
    const deployments = await Promise.resolve(this.#deployments.get(migration));
    if (deployments === undefined) throw missing(`flag "${migration}"`);
    return deployments;
  }
}

function serves(deployment: FakeDeployment | undefined, flag: FlagState): boolean {
  return deployment !== undefined && deployment.state !== "reverted" && sameFlagState(deployment.flag, flag);
}
