import {
  type AppConfigClient,
  CreateHostedConfigurationVersionCommand,
  type DeploymentState as AppConfigState,
  type DeploymentSummary,
  GetDeploymentCommand,
  GetHostedConfigurationVersionCommand,
  paginateListConfigurationProfiles,
  paginateListDeployments,
  paginateListEnvironments,
  StartDeploymentCommand,
  StopDeploymentCommand,
} from "@aws-sdk/client-appconfig";
import {
  ConfigurationInvalid,
  FlagDeploymentFailed,
  NotFound,
  ServiceRefused,
  ServiceUnavailable,
} from "../../core/errors.ts";
import { flagDocument, type FlagState, parseFlag, sameFlagState } from "../../core/flag.ts";
import type { DeploymentState, Flags } from "../../core/ports.ts";
import { type Environment, type MonitorAccess, monitorsOf, setMonitors } from "./monitors.ts";
import { errorName, translated, translateError } from "../translate-error.ts";

export interface AppConfigFlagsProps {
  readonly client: AppConfigClient;
  readonly applicationId: string;
  /** Ids of the deployment strategies. `immediate` has no duration and no bake. */
  readonly strategies: Readonly<Record<Strategy, string>>;
  /** @default none: for a caller that deploys nothing under guard */
  readonly monitors?: MonitorAccess;
}

type Strategy = "stepwise" | "immediate";

/** Where AppConfig keeps one migration's flag. */
interface Place {
  readonly environment: string;
  readonly profile: string;
}

interface Deployment {
  readonly number: number;
  readonly state: AppConfigState;
  readonly version: string;
}

/**
 * Flags in AppConfig: in one application, each migration has an environment and a feature-flag profile of its name.
 * An environment takes one deployment at a time.
 *
 * **A cutover against a rollback.** `deploy` arms the environment's monitors and starts; `deployNow` disarms, stops what
 * is in flight, disarms and starts. A rollback calls `deployNow` again and again until the old path is complete and is
 * what is served. A cutover's process may be anywhere in `deploy` when the rollback claims its run, and nothing can stop
 * it there; after its deployment it looks at the run again, and calls `deployNow` itself where that was rolled back. So:
 *
 * - It starts before the rollback asks what is newest: the rollback stops it, and deploys the old path.
 * - It starts after the rollback did: its `LatestDeploymentNumber` is not the newest any more, and AppConfig refuses it.
 * - It starts as the first deployment of the flag, which has no number to name, after a rollback that found none: its
 *   own look at the run takes it back. Should its process die in the milliseconds between, the alarm that it armed the
 *   environment with takes the deployment back, if that still fires; what is left is the death of a process in just
 *   that moment, in a rollback for which no alarm fires.
 * - It arms after the rollback has disarmed, and AppConfig takes the old path's deployment back for the alarm that
 *   fires: the rollback does not find it complete, and disarms and deploys once more. A cutover's call arms once, and
 *   its run has no further call, so the rollback comes to its end.
 * - It arms after the rollback has ended: monitors matter to a deployment in flight alone, and the next one, of either
 *   kind, begins with setting them.
 */
export class AppConfigFlags implements Flags {
  readonly #props: AppConfigFlagsProps;
  /** Ids never change; a migration that is not there yet is looked up again. */
  readonly #places = new Map<string, Place>();

  constructor(props: AppConfigFlagsProps) {
    this.#props = props;
  }

  async exists(migration: string): Promise<boolean> {
    return (await this.#find(migration)) !== undefined;
  }

  async current(migration: string): Promise<FlagState | undefined> {
    const place = await this.#place(migration);
    const complete = (await this.#deployments(migration, place)).find(({ state }) => state === "COMPLETE");
    if (complete === undefined) return undefined;
    const state = await this.#content(migration, place, complete.version);
    if (state !== undefined) return state;
    throw new FlagDeploymentFailed({
      object: `flag "${migration}"`,
      problem: `version ${complete.version} of its configuration is not one that Sluice wrote`,
      remedy: "Deploy an earlier version in the AppConfig console, or roll the run back",
    });
  }

  async inFlight(migration: string): Promise<boolean> {
    const newest = await this.#newest(migration, await this.#place(migration));
    return newest !== undefined && isInFlight(newest.state);
  }

  async deployed(migration: string): Promise<boolean> {
    return (await this.#newest(migration, await this.#place(migration))) !== undefined;
  }

  /**
   * `LatestDeploymentNumber` makes the start a compare-and-set: of two callers one starts, the other retries. What is
   * there already was armed before it was started.
   */
  async deploy(migration: string, state: FlagState, guards: readonly string[]): Promise<number> {
    const place = await this.#place(migration);
    const newest = await this.#newest(migration, place);
    if (newest !== undefined && (await this.#serves(migration, place, { deployment: newest, state }))) {
      return newest.number;
    }
    if (newest !== undefined && isInFlight(newest.state)) throw inFlight(migration, newest.number);
    await this.#watch(migration, place, guards);
    const version = await this.#store(migration, place, state);
    return this.#start(migration, place, { version, strategy: "stepwise", after: newest?.number });
  }

  /** See the class on what a cutover may do meanwhile. Disarms even where the state is on its way, or its way is barred. */
  async deployNow(migration: string, state: FlagState): Promise<number> {
    const place = await this.#place(migration);
    await this.#unwatch(migration, place);
    let newest = await this.#newest(migration, place);
    if (newest !== undefined && (await this.#serves(migration, place, { deployment: newest, state }))) {
      return newest.number;
    }
    if (newest !== undefined && isStoppable(newest.state)) {
      await this.#stop(migration, place, newest.number);
      newest = await this.#newest(migration, place);
    }
    if (newest !== undefined && isInFlight(newest.state)) throw inFlight(migration, newest.number);
    await this.#unwatch(migration, place);
    const version = await this.#store(migration, place, state);
    return this.#start(migration, place, { version, strategy: "immediate", after: newest?.number });
  }

  async deployment(migration: string, deployment: number): Promise<DeploymentState> {
    const place = await this.#place(migration);
    const { State } = await this.#call(migration, () =>
      this.#props.client.send(new GetDeploymentCommand({ ...this.#in(place), DeploymentNumber: deployment })),
    );
    return portState(State);
  }

  async #watch(migration: string, place: Place, alarms: readonly string[]): Promise<void> {
    const monitors = alarms.length === 0 ? [] : monitorsOf(alarms, this.#access(migration, alarms));
    await this.#call(migration, () => setMonitors(this.#props.client, this.#in(place), monitors));
  }

  /**
   * A refusal does not keep traffic where it hurts: the old path is deployed all the same, and most likely arrives,
   * since it is in flight for no longer than a moment. Silence is another thing: a call that follows may be heard.
   */
  async #unwatch(migration: string, place: Place): Promise<void> {
    try {
      await this.#watch(migration, place, []);
    } catch (error) {
      if (!(error instanceof ServiceRefused)) throw error;
    }
  }

  #access(migration: string, alarms: readonly string[]): MonitorAccess {
    if (this.#props.monitors !== undefined) return this.#props.monitors;
    throw new ConfigurationInvalid({
      object: `flag "${migration}"`,
      problem: `is to be guarded by alarms (${alarms.join(", ")}), and nothing says with which role AppConfig may read them`,
      remedy: "Deploy the stack again: it gives the function the role",
    });
  }

  /**
   * With AllowRevert, which a deployment that bakes needs: without it StopDeployment takes only DEPLOYING. One that
   * completes between the question and the stop is reverted, which is what the caller wants of it.
   */
  async #stop(migration: string, place: Place, deployment: number): Promise<void> {
    const command = new StopDeploymentCommand({
      ...this.#in(place),
      DeploymentNumber: deployment,
      AllowRevert: true,
    });
    try {
      await this.#props.client.send(command);
    } catch (error) {
      const state = await this.deployment(migration, deployment);
      // Somebody else, or an alarm, was faster.
      if (state === "reverted") return;
      // One that is still being validated cannot be stopped yet; the way back must not give up for that.
      if (state === "deploying" && errorName(error) === "BadRequestException") throw inFlight(migration, deployment);
      throw translateError({ service: "AppConfig", object: `flag "${migration}"` }, error);
    }
  }

  async #serves(
    migration: string,
    place: Place,
    wanted: { readonly deployment: Deployment; readonly state: FlagState },
  ): Promise<boolean> {
    const { state, version } = wanted.deployment;
    if (portState(state) === "reverted") return false;
    const served = await this.#content(migration, place, version);
    return served !== undefined && sameFlagState(served, wanted.state);
  }

  async #store(migration: string, place: Place, state: FlagState): Promise<string> {
    const { VersionNumber } = await this.#call(migration, () =>
      this.#props.client.send(
        new CreateHostedConfigurationVersionCommand({
          ApplicationId: this.#props.applicationId,
          ConfigurationProfileId: place.profile,
          ContentType: "application/json",
          Content: new TextEncoder().encode(JSON.stringify(flagDocument(migration, state))),
        }),
      ),
    );
    return String(VersionNumber);
  }

  async #start(
    migration: string,
    place: Place,
    request: {
      readonly version: string;
      readonly strategy: Strategy;
      readonly after: number | undefined;
    },
  ): Promise<number> {
    const command = new StartDeploymentCommand({
      ...this.#in(place),
      ConfigurationProfileId: place.profile,
      ConfigurationVersion: request.version,
      DeploymentStrategyId: this.#props.strategies[request.strategy],
      ...(request.after === undefined ? {} : { LatestDeploymentNumber: request.after }),
    });
    const { DeploymentNumber } = await this.#call(migration, () => this.#props.client.send(command));
    if (DeploymentNumber !== undefined) return DeploymentNumber;
    throw new FlagDeploymentFailed({
      object: `flag "${migration}"`,
      problem: "was deployed, but AppConfig gave the deployment no number",
      remedy: "Look at the deployments of its environment in the AppConfig console",
    });
  }

  async #newest(migration: string, place: Place): Promise<Deployment | undefined> {
    return (await this.#deployments(migration, place))[0];
  }

  /** Newest first. AWS lists them so; an emulator may not. */
  async #deployments(migration: string, place: Place): Promise<readonly Deployment[]> {
    const found: DeploymentSummary[] = [];
    await this.#call(migration, async () => {
      for await (const page of paginateListDeployments({ client: this.#props.client }, this.#in(place))) {
        found.push(...(page.Items ?? []));
      }
    });
    return found
      .map(({ DeploymentNumber, State, ConfigurationVersion }) => ({
        number: DeploymentNumber ?? 0,
        state: State ?? "ROLLED_BACK",
        version: ConfigurationVersion ?? "",
      }))
      .sort((a, b) => b.number - a.number);
  }

  /** Undefined where the version is gone or is not ours: a rollback must be able to deploy over anything. */
  async #content(migration: string, place: Place, version: string): Promise<FlagState | undefined> {
    const command = new GetHostedConfigurationVersionCommand({
      ApplicationId: this.#props.applicationId,
      ConfigurationProfileId: place.profile,
      VersionNumber: Number(version),
    });
    const text = await this.#call(migration, async () => {
      try {
        return new TextDecoder().decode((await this.#props.client.send(command)).Content);
      } catch (error) {
        if (errorName(error) === "ResourceNotFoundException") return "";
        throw error;
      }
    });
    return parseFlag(migration, text);
  }

  async #place(migration: string): Promise<Place> {
    const place = await this.#find(migration);
    if (place !== undefined) return place;
    throw new NotFound({
      object: `flag "${migration}"`,
      problem: `AppConfig application "${this.#props.applicationId}" has no environment and profile of this name`,
      remedy: "Deploy the stack with this migration's file in its folder",
    });
  }

  async #find(migration: string): Promise<Place | undefined> {
    const known = this.#places.get(migration);
    if (known !== undefined) return known;
    const config = { client: this.#props.client };
    const application = { ApplicationId: this.#props.applicationId };
    const [environment, profile] = await this.#call(migration, () =>
      Promise.all([
        onlyId(migration, "environments", paginateListEnvironments(config, application)),
        onlyId(migration, "profiles", paginateListConfigurationProfiles(config, application)),
      ]),
    );
    if (environment === undefined || profile === undefined) return undefined;
    const place = { environment, profile };
    this.#places.set(migration, place);
    return place;
  }

  #in(place: Place): Environment {
    return { ApplicationId: this.#props.applicationId, EnvironmentId: place.environment };
  }

  #call<T>(migration: string, call: () => Promise<T>): Promise<T> {
    return translated({ service: "AppConfig", object: `flag "${migration}"` }, call);
  }
}

interface NamedPage {
  readonly Items?: readonly { readonly Id?: string | undefined; readonly Name?: string | undefined }[] | undefined;
}

/**
 * A migration's file that was removed and added again leaves two of a name where the first was retained. Which of them
 * clients read is not known, and the other one would be deployed to for nothing.
 */
async function onlyId(
  name: string,
  kind: "environments" | "profiles",
  pages: AsyncIterable<NamedPage>,
): Promise<string | undefined> {
  const ids: string[] = [];
  for await (const { Items = [] } of pages)
    ids.push(...Items.flatMap(({ Id, Name }) => (Name === name ? [Id ?? ""] : [])));
  if (ids.length <= 1) return ids[0];
  throw new ServiceRefused({
    object: `flag "${name}"`,
    problem: `AppConfig has ${String(ids.length)} ${kind} of this name (${ids.join(", ")}), and any client may read any of them`,
    remedy: "Find out which one the application reads, and delete the others in the AppConfig console",
  });
}

function portState(state: AppConfigState | undefined): DeploymentState {
  if (state === undefined) return "reverted";
  switch (state) {
    case "VALIDATING":
    case "DEPLOYING":
    case "BAKING":
      return "deploying";
    case "COMPLETE":
      return "complete";
    case "ROLLING_BACK":
    case "ROLLED_BACK":
    case "REVERTED":
      return "reverted";
    default:
      state satisfies never;
      // A state of a newer AppConfig: nothing says that the flag is in effect.
      return "reverted";
  }
}

function isStoppable(state: AppConfigState): boolean {
  return portState(state) === "deploying";
}

/** One that rolls back still holds the environment. */
function isInFlight(state: AppConfigState): boolean {
  return isStoppable(state) || state === "ROLLING_BACK";
}

function inFlight(migration: string, deployment: number): ServiceUnavailable {
  return new ServiceUnavailable({
    object: `flag "${migration}"`,
    problem: `deployment ${String(deployment)} is still in flight, and an environment takes one at a time`,
    remedy: "Retry when it has ended, or stop it first",
  });
}
