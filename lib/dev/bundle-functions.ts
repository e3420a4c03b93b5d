/**
 * Bundles the functions that deploy: functions/<name>/handler.ts → <out>/<name>/index.mjs with its chunks and the
 * WebAssembly it loads beside it. The stack, the development cloud and the tests all run what this writes.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { build, type Metafile } from "esbuild";

const root = join(import.meta.dirname, "../..");
const require = createRequire(import.meta.url);

export interface BundleOptions {
  /** Where the functions' folders go; default: dist/functions. */
  readonly out?: string;
  /** Folders each with a handler.ts; default: functions. */
  readonly source?: string;
}

export interface FunctionBundle {
  readonly name: string;
  readonly directory: string;
  /** Which source went where: tests look at what a function can load. */
  readonly metafile: Metafile;
  /** JavaScript that every start loads: files of the folder, and their bytes. */
  readonly startFiles: readonly string[];
  readonly startBytes: number;
  /** Everything in the folder, in bytes. */
  readonly totalBytes: number;
}

/** Writes all bundles anew. @throws Error when the kernels are not built or a source does not compile */
export async function bundleFunctions(options: BundleOptions = {}): Promise<readonly FunctionBundle[]> {
  const { out = join(root, "dist/functions"), source = join(root, "functions") } = options;
  const names = readdirSync(source).filter((name) => existsSync(join(source, name, "handler.ts")));
  return Promise.all(names.map((name) => bundleFunction(name, join(source, name, "handler.ts"), join(out, name))));
}

async function bundleFunction(name: string, entry: string, directory: string): Promise<FunctionBundle> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { index: entry },
    outdir: directory,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // What is imported when needed (the plan's drawing, a decoder of last resort) stays out of the start.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    external: ["parquet-wasm", "aws-crt", "@aws-sdk/signature-v4-crt"],
    define: { "import.meta.resolve": "__resolveBeside" },
    banner: { js: banner },
    minify: true,
    keepNames: true,
    legalComments: "none",
    metafile: true,
    logLevel: "error",
  });
  writeFileSync(join(directory, "package.json"), '{"type":"module"}\n');
  const inputs = new Set(Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs)));
  if (inputs.has("lib/kernels/memory.ts")) {
    copyFileSync(join(root, "lib/kernels/kernels.wasm"), join(directory, "kernels.wasm"));
  }
  if (inputs.has("lib/sql/parser-library.ts")) copyParser(directory);
  // Others than executors read no column chunks.
  if (name === "executor") copyParquetDecoder(directory);
  const start = startOutputs(metafile);
  const startFiles = start.map((path) => relative(directory, join(root, path)));
  const startBytes = start.reduce((sum, path) => sum + metafile.outputs[path]!.bytes, 0);
  return { name, directory, metafile, startFiles, startBytes, totalBytes: folderBytes(directory) };
}

/** CommonJS dependencies need `require`; packages that are found at run time lie beside the bundle instead. */
const banner = [
  'import { createRequire as __createRequire } from "node:module";',
  "const require = __createRequire(import.meta.url);",
  'const __resolveBeside = () => new URL("./package/index.js", import.meta.url).href;',
].join("\n");

/** lib/sql/parser-library.ts looks for ../wasm/ from the library's main file. */
function copyParser(directory: string): void {
  const wasm = join(dirname(require.resolve("@guanmingchiu/sqlparser-ts")), "../wasm");
  mkdirSync(join(directory, "wasm"));
  for (const file of ["sqlparser_rs_wasm.js", "sqlparser_rs_wasm_bg.wasm"]) {
    copyFileSync(join(wasm, file), join(directory, "wasm", file));
  }
}

/** Stays a package of its own: it is loaded only when a column chunk needs it. */
function copyParquetDecoder(directory: string): void {
  const from = dirname(require.resolve("parquet-wasm/node"));
  const to = join(directory, "node_modules/parquet-wasm");
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith(".d.ts") });
  const description = { name: "parquet-wasm", type: "commonjs", main: "parquet_wasm.js" };
  writeFileSync(join(to, "package.json"), `${JSON.stringify(description)}\n`);
}

/** The entry and all that it imports statically. */
function startOutputs(metafile: Metafile): readonly string[] {
  const seen = new Set<string>();
  const visit = (path: string) => {
    const output = metafile.outputs[path];
    if (!output || seen.has(path)) return;
    seen.add(path);
    for (const each of output.imports) if (each.kind === "import-statement") visit(each.path);
  };
  for (const path of Object.keys(metafile.outputs)) if (path.endsWith("/index.mjs")) visit(path);
  return [...seen];
}

function folderBytes(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(directory, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}
