import { readFile, writeFile } from "node:fs/promises";
import { NotFound } from "../../core/errors.ts";

/** @throws NotFound where the file cannot be read. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw unusable(file, "read", cause);
  }
}

/** @throws NotFound where the file cannot be written. */
export async function writeText(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw unusable(file, "written", cause);
  }
}

function unusable(file: string, how: "read" | "written", cause: unknown): NotFound {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new NotFound({
    object: `file "${file}"`,
    problem: `cannot be ${how}: ${said}`,
    remedy: "Correct the path",
    cause,
  });
}
