/**
 * Draws docs/way-of-a-run.svg from the state machines. With `--check` it writes nothing and fails where the picture
 * is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { drawWay } from "./picture/draw.ts";
import type { StateMachine } from "./picture/way.ts";

const PICTURE = new URL("../docs/way-of-a-run.svg", import.meta.url);

async function machine(name: string): Promise<StateMachine> {
  const file = new URL(`../state-machines/${name}.asl.json`, import.meta.url);
  return JSON.parse(await readFile(file, "utf8")) as StateMachine;
}

const svg = drawWay(await machine("migration"), await machine("rollback"));
const before = await readFile(PICTURE, "utf8").catch(() => "");
if (svg === before) {
  // Nothing to do, and nothing to say.
} else if (process.argv.includes("--check")) {
  process.stderr.write('docs/way-of-a-run.svg: is stale. Run "npx tsx scripts/generate-picture.ts" and commit it\n');
  process.exitCode = 1;
} else {
  await writeFile(PICTURE, svg);
  process.stdout.write("wrote docs/way-of-a-run.svg\n");
}
