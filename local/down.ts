import { LOCAL_DIRECTORY, readOwner, releaseDirectory } from "./local-state.ts";
import { stopOwner } from "./owner-endpoint.ts";

/**
 * Stops the local stack of another process, even one that is still starting, and waits for its end; clears away what
 * a crashed one left.
 *
 * @param directory the stack's folder. Default: `.cache/local` below the working directory.
 * @returns whether one was running.
 * @throws LocalSetupFailed where it does not stop.
 */
export async function down(directory: string = LOCAL_DIRECTORY): Promise<boolean> {
  const owner = await readOwner(directory);
  if (owner !== undefined) await stopOwner(owner);
  await releaseDirectory(directory);
  return owner !== undefined;
}
