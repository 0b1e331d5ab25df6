import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { afterAll, expect, it } from "vitest";
import { handlerCode } from "../../lib/handler-code.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-code-"));
const EXAMPLE = "examples/migrations/contact-acquisition-channel.yaml";

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Folder of each function's package, by the function's name. */
function packages(...outdir: readonly string[]): Readonly<Record<string, string>> {
  const app = new App({ outdir: join(folder, ...outdir) });
  const stack = new Stack(app, "Stack");
  for (const name of ["first", "second"]) {
    const entry = join(folder, `${name}.ts`);
    writeFileSync(
      entry,
      `import { createRequire } from "node:module";\nexport const handler = (): string => "${name}" + String(!!createRequire);\n`,
    );
    const code = handlerCode({ entry, migrations: name === "second" ? [EXAMPLE] : [] });
    new LambdaFunction(stack, name, { code, handler: "index.handler", runtime: Runtime.NODEJS_22_X });
  }
  const assembly = app.synth();
  const { Resources } = assembly.getStackByName("Stack").template as {
    Resources: Record<string, { Type: string; Properties: { Code?: { S3Key: string } } }>;
  };
  const functions = Object.entries(Resources).filter(([, { Type }]) => Type === "AWS::Lambda::Function");
  return Object.fromEntries(
    functions.map(([id, { Properties }]) => [
      id.slice(0, -8),
      join(assembly.directory, `asset.${String(Properties.Code?.S3Key).replace(".zip", "")}`),
    ]),
  );
}

it("gives each handler its own bundle, which Node loads, with its source map and its migration files", () => {
  const { first = "", second = "" } = packages("out");
  const call = (path: string) =>
    execFileSync(process.execPath, [
      "--input-type=module",
      "--eval",
      `import { handler } from ${JSON.stringify(join(path, "index.mjs"))}; process.stdout.write(handler());`,
    ]).toString();
  expect(call(first)).toBe("firsttrue");
  expect(call(second)).toBe("secondtrue");
  expect(readdirSync(first).sort()).toEqual(["index.mjs", "index.mjs.map"]);
  expect(readdirSync(join(second, "migrations"))).toEqual(["contact-acquisition-channel.yaml"]);
});

it("gives the same package wherever it is built, so that a deploy from elsewhere replaces no function", () => {
  const names = (found: Readonly<Record<string, string>>) => Object.values(found).map((path) => basename(path));
  expect(names(packages("far", "deeper", "out"))).toEqual(names(packages("near")));
});
