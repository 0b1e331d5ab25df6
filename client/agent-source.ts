import { type FlagLocation, type FlagSource, POLL_TIMEOUT_MS } from "./flag-source.ts";
import { FlagUnreadable } from "./flag-unreadable.ts";

export interface AgentSourceProps extends FlagLocation {
  /** @default `http://localhost:2772`, where the agent and the Lambda extension listen */
  readonly url?: string;
}

/**
 * Asks the AppConfig agent, or its Lambda extension, which polls AppConfig and keeps what it got (every 45 s unless
 * `AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS` says otherwise), so that a call costs a millisecond and no money.
 *
 * Source: https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-agent-how-to-use.html
 */
export class AgentSource implements FlagSource {
  readonly #url: string;

  constructor(props: AgentSourceProps) {
    const [application, environment, profile] = [props.application, props.environment, props.profile].map(
      encodeURIComponent,
    );
    const base = (props.url ?? "http://localhost:2772").replace(/\/+$/, "");
    this.#url = `${base}/applications/${application}/environments/${environment}/configurations/${profile}`;
  }

  async poll(): Promise<string | undefined> {
    const response = await fetch(this.#url, { signal: AbortSignal.timeout(POLL_TIMEOUT_MS) });
    const text = await response.text();
    if (!response.ok) {
      throw new FlagUnreadable(`"${this.#url}": the agent answered ${String(response.status)}, ${text.slice(0, 200)}`);
    }
    return text === "" ? undefined : text;
  }
}
