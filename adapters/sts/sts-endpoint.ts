import type { STSClient } from "@aws-sdk/client-sts";

/**
 * Where the client's STS is: its own `endpoint`; `AWS_ENDPOINT_URL_STS` or `AWS_ENDPOINT_URL`; or else that of its
 * region. Both sides of a proof come to the same one, as they have the region in common: a command line talks to the
 * functions of its own region.
 */
export async function stsEndpoint({ config }: STSClient, environment: NodeJS.ProcessEnv): Promise<URL> {
  const given = await config.endpoint?.();
  if (given) return new URL(`${given.protocol}//${given.hostname}${given.port ? `:${String(given.port)}` : ""}/`);
  const configured = [environment["AWS_ENDPOINT_URL_STS"], environment["AWS_ENDPOINT_URL"]].find(Boolean);
  if (configured !== undefined) return new URL(new URL(configured).origin);
  const parameters = {
    Region: await config.region(),
    UseFIPS: await config.useFipsEndpoint(),
    UseDualStack: await config.useDualstackEndpoint(),
    // The global one is in us-east-1, whatever the client's region.
    UseGlobalEndpoint: false,
  };
  return config.endpointProvider(parameters).url;
}
