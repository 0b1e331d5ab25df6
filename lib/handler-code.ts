import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { AssetHashType, DockerImage } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import { buildSync } from "esbuild";
import { PROJECT_ROOT } from "./project-root.ts";

export interface HandlerCodeProps {
  /** The handler's file, absolute. */
  readonly entry: string;
  /** Files to put into `migrations/` beside the handler. */
  readonly migrations: readonly string[];
}

/**
 * A handler bundled to one ESM file with its source map.
 *
 * This is what NodejsFunction does, but through esbuild's API in this process: NodejsFunction starts a shell and
 * esbuild's program for each of the functions, and wants Docker where it does not find that program.
 */
export function handlerCode(props: HandlerCodeProps): Code {
  return Code.fromAsset(join(PROJECT_ROOT, "lambdas"), {
    // By what comes out: a handler's hash changes with anything that it imports, and with nothing else.
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry("never-pulled"),
      // Never run, but part of the key under which CDK remembers a bundle: without it every handler would get the
      // first one's code, since functions are no part of that key.
      command: [props.entry],
      local: {
        tryBundle(folder) {
          bundle(props, folder);
          return true;
        },
      },
    },
  });
}

function bundle({ entry, migrations }: HandlerCodeProps, folder: string): void {
  const outfile = join(folder, "index.mjs");
  build(entry, outfile);
  nameSourcesFromProject(`${outfile}.map`, folder);
  if (migrations.length === 0) return;
  const target = join(folder, "migrations");
  mkdirSync(target);
  for (const file of migrations) copyFileSync(file, join(target, basename(file)));
}

/**
 * esbuild names sources from where the bundle is, which is in a folder that `--output` decides: the same commit would
 * have another hash on another machine, and every function be deployed anew.
 */
function nameSourcesFromProject(file: string, folder: string): void {
  const map = JSON.parse(readFileSync(file, "utf8")) as { readonly sources: readonly string[] };
  const sources = map.sources.map((source) => relative(PROJECT_ROOT, resolve(folder, source)).split(sep).join("/"));
  writeFileSync(file, JSON.stringify({ ...map, sources }));
}

function build(entry: string, outfile: string): void {
  buildSync({
    absWorkingDir: PROJECT_ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    // Dependencies' ESM builds: they shake, and need the shim below less.
    mainFields: ["module", "main"],
    // For what is CommonJS all the same, and requires Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    minify: true,
    sourcemap: true,
    // Stack traces need lines and names, not the text of every dependency: a fifth of the package's size.
    sourcesContent: false,
    logLevel: "warning",
  });
}
