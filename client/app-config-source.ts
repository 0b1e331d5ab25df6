import {
  type AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from "@aws-sdk/client-appconfigdata";
import { type FlagLocation, type FlagSource, POLL_TIMEOUT_MS } from "./flag-source.ts";

/** AWS takes 15 s to a day. */
const MIN_INTERVAL_S = 15;

export interface AppConfigSourceProps extends FlagLocation {
  readonly client: AppConfigDataClient;
  /**
   * How often AppConfig is to allow a poll, in seconds; the interval of the {@link FlagClient} must not be shorter.
   *
   * @default 15, the shortest that AppConfig takes
   */
  readonly intervalSeconds?: number;
}

/** Asks AppConfig itself: for applications that run neither the Lambda extension nor the agent. */
export class AppConfigSource implements FlagSource {
  readonly #props: AppConfigSourceProps;
  /** Good for one call. After a failed one it is unknown whether it was used, so a new session begins. */
  #token: string | undefined;

  constructor(props: AppConfigSourceProps) {
    this.#props = props;
  }

  async poll(): Promise<string | undefined> {
    const token = this.#token ?? (await this.#startSession());
    this.#token = undefined;
    const response = await this.#props.client.send(
      new GetLatestConfigurationCommand({ ConfigurationToken: token }),
      deadline(),
    );
    this.#token = response.NextPollConfigurationToken;
    const text = response.Configuration?.transformToString("utf-8") ?? "";
    return text === "" ? undefined : text;
  }

  async #startSession(): Promise<string | undefined> {
    const { client, application, environment, profile, intervalSeconds = MIN_INTERVAL_S } = this.#props;
    const { InitialConfigurationToken } = await client.send(
      new StartConfigurationSessionCommand({
        ApplicationIdentifier: application,
        EnvironmentIdentifier: environment,
        ConfigurationProfileIdentifier: profile,
        RequiredMinimumPollIntervalInSeconds: intervalSeconds,
      }),
      deadline(),
    );
    return InitialConfigurationToken;
  }
}

function deadline(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(POLL_TIMEOUT_MS) };
}
