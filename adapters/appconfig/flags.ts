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
import { FlagDeploymentFailed, NotFound, ServiceUnavailable } from "../../core/errors.ts";
import { flagDocument, type FlagState, parseFlag, sameFlagState } from "../../core/flag.ts";
import type { DeploymentState, Flags } from "../../core/ports.ts";
import { errorName, translated, translateError } from "../translate-error.ts";

export interface AppConfigFlagsProps {
  readonly client: AppConfigClient;
  readonly applicationId: string;
  /** Ids of the deployment strategies. `immediate` has no duration and no bake. */
  readonly strategies: Readonly<Record<"stepwise" | "immediate", string>>;
}

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

  /** `LatestDeploymentNumber` makes the start a compare-and-set: of two callers one starts, the other retries. */
  async deploy(migration: string, state: FlagState, strategy: "stepwise" | "immediate"): Promise<number> {
    const place = await this.#place(migration);
    let newest = await this.#newest(migration, place);
    if (newest !== undefined && (await this.#serves(migration, place, { deployment: newest, state }))) {
      return newest.number;
    }
    if (newest !== undefined && strategy === "immediate" && isStoppable(newest.state)) {
      await this.#stop(migration, place, newest.number);
      newest = await this.#newest(migration, place);
    }
    if (newest !== undefined && isInFlight(newest.state)) throw inFlight(migration, newest.number);
    const version = await this.#store(migration, place, state);
    return this.#start(migration, place, { version, strategy, after: newest?.number });
  }

  async deployment(migration: string, deployment: number): Promise<DeploymentState> {
    const place = await this.#place(migration);
    const { State } = await this.#call(migration, () =>
      this.#props.client.send(new GetDeploymentCommand({ ...this.#in(place), DeploymentNumber: deployment })),
    );
    return portState(State);
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
      readonly strategy: "stepwise" | "immediate";
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
        idOf(migration, paginateListEnvironments(config, application)),
        idOf(migration, paginateListConfigurationProfiles(config, application)),
      ]),
    );
    if (environment === undefined || profile === undefined) return undefined;
    const place = { environment, profile };
    this.#places.set(migration, place);
    return place;
  }

  #in(place: Place): { readonly ApplicationId: string; readonly EnvironmentId: string } {
    return { ApplicationId: this.#props.applicationId, EnvironmentId: place.environment };
  }

  #call<T>(migration: string, call: () => Promise<T>): Promise<T> {
    return translated({ service: "AppConfig", object: `flag "${migration}"` }, call);
  }
}

interface NamedPage {
  readonly Items?: readonly { readonly Id?: string | undefined; readonly Name?: string | undefined }[] | undefined;
}

async function idOf(name: string, pages: AsyncIterable<NamedPage>): Promise<string | undefined> {
  for await (const { Items } of pages) {
    const item = Items?.find(({ Name }) => Name === name);
    if (item !== undefined) return item.Id;
  }
  return undefined;
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
