import { z } from "zod";
import { requirePreflight } from "../core/preflight/require-preflight.ts";
import { beginRun } from "../core/run/begin/begin-run.ts";
import { shippedMigration } from "./runtime/migrations.ts";
import { portsFor } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

const input = z.object({ migration: z.string().min(1), runId: z.string().min(1), executionArn: z.string().min(1) });

export const handler = task(input, async ({ migration: name, ...execution }) => {
  const migration = await shippedMigration(name);
  const ports = portsFor(migration.database);
  return beginRun(ports, { ...execution, migration }, (subject) => requirePreflight(ports, subject));
});
