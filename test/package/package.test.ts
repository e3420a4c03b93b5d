/** What is published: the tarball works in an empty project, and an executor loads no more than it needs. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { executorBytes } from "../../bench/cold-start.ts";
import { version } from "../../lib/version.ts";

const root = join(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** The Node of the machine, which may be older than the one that runs the tests. */
function machineNode(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders.map((folder) => join(folder, "node")).find((file) => existsSync(file));
}

let project: string;
before(() => {
  project = mkdtempSync(join(tmpdir(), "volley-test-"));
  execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { cwd: root, stdio: "pipe" });
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"))!;
  const installed = join(project, "node_modules", "volley");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["xzf", join(project, tarball), "-C", installed, "--strip-components=1"]);
  // Its dependencies, and nothing else of this repository's, without asking a registry.
  for (const name of Object.keys(manifest.dependencies)) {
    const target = join(project, "node_modules", name);
    mkdirSync(join(target, ".."), { recursive: true });
    symlinkSync(join(root, "node_modules", name), target);
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", type: "module" }));
});
after(() => rmSync(project, { recursive: true, force: true }));

const nodes = [...new Set([process.execPath, machineNode() ?? process.execPath])];

describe("the tarball in an empty project", () => {
  for (const node of nodes) {
    const release = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
    const run = (args: readonly string[]) => spawnSync(node, args, { cwd: project, encoding: "utf8" });
    const command = "node_modules/volley/dist/volley.js";

    it(`has a command, under Node ${release}`, () => {
      const { stdout, stderr, status } = run([command, "select 6 * 7 as answer", "-F", "csv"]);
      assert.deepEqual([status, stdout, stderr], [0, "answer\n42\n", ""]);
    });
    // Once is enough for what takes seconds: under the oldest.
    it(`generates TPC-H and joins it on worker threads, under Node ${release}`, { skip: node !== nodes.at(-1) }, () => {
      const out = `tpch-${release}`;
      assert.equal(run([command, "tpch", "--sf", "0.01", "--out", out]).status, 0);
      const sql =
        "select count(*) as n from lineitem join orders on l_orderkey = o_orderkey where o_orderdate < date '1995-01-01'";
      const { stdout, stderr } = run([command, "--tables", out, sql, "-F", "csv"]);
      assert.deepEqual([stdout, stderr], ["n\n27687\n", ""]);
    });
    it(`imports, under Node ${release}`, () => {
      writeFileSync(
        join(project, "ask.js"),
        `import { SessionContext } from "volley";
         const ctx = await SessionContext.standalone({ threads: 1 });
         console.log(await (await ctx.sql("select 1 as a, 1.50 as b")).toArray());
         await ctx.close();`,
      );
      const { stdout, stderr } = run(["ask.js"]);
      assert.deepEqual([stdout, stderr], ["[ { a: 1, b: '1.50' } ]\n", ""]);
    });
  }

  it("has types that a strict project compiles against", () => {
    mkdirSync(join(project, "node_modules/@types"), { recursive: true });
    symlinkSync(join(root, "node_modules/@types/node"), join(project, "node_modules/@types/node"));
    writeFileSync(
      join(project, "ask.ts"),
      `import { SessionContext, QueryError, type JsValue, type QueryHandle } from "volley";
       const ctx: SessionContext = await SessionContext.standalone({ threads: 2, memory: "1GB" });
       await ctx.registerCsv("example", "example.csv");
       const handle: QueryHandle = await ctx.sql("select 1", { parameters: [1, "x"] });
       const rows: JsValue[][] = await handle.toRows();
       for await (const batch of handle) console.log(batch.numRows, rows.length);
       console.log((await handle.toArrow()).numRows, QueryError.name);
       // @ts-expect-error threads is a number
       await SessionContext.standalone({ threads: "2" });
       await ctx.close();`,
    );
    const options = {
      strict: true,
      noEmit: true,
      target: "es2022",
      module: "nodenext",
      lib: ["es2023"],
      types: ["node"],
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["ask.ts"] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", project], { encoding: "utf8" });
    const own = stdout.split("\n").filter((line) => line !== "" && !/node_modules\/(?!volley)/.test(line));
    assert.deepEqual(own, [], stdout);
    assert.ok(status === 0 || stdout !== "");
  });

  it("holds nothing but what it needs", () => {
    const files = readdirSync(join(project, "node_modules/volley"), { recursive: true, encoding: "utf8" });
    assert.deepEqual(
      files.filter((name) => /(^|\/)(test|bench)\/|metafile|\.map$/.test(name)),
      [],
    );
  });
});

describe("the executor's bundle", () => {
  interface Output {
    readonly inputs: Readonly<Record<string, unknown>>;
    readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
  }
  const outputs = (): Readonly<Record<string, Output>> =>
    JSON.parse(readFileSync(join(root, "dist/metafile.json"), "utf8")).outputs;

  /** Sources and packages that the worker loads, also those that it loads on demand. */
  function loaded(): { readonly sources: ReadonlySet<string>; readonly packages: ReadonlySet<string> } {
    const all = outputs();
    const seen = new Set<string>();
    const sources = new Set<string>();
    const packages = new Set<string>();
    const visit = (name: string) => {
      if (seen.has(name)) return;
      seen.add(name);
      for (const source of Object.keys(all[name]!.inputs)) sources.add(source);
      for (const { path, external } of all[name]!.imports) {
        if (!external) visit(path);
        else if (!path.startsWith("node:")) packages.add(path);
      }
    };
    visit("dist/worker.js");
    return { sources, packages };
  }

  it("has no parser, binder, optimizer or command line", () => {
    const { sources } = loaded();
    assert.ok(sources.has("lib/executor/worker.ts") && sources.size > 50, `${sources.size} sources`);
    assert.deepEqual(
      [...sources].filter((name) => /^lib\/(sql|logical|optimizer|lowering|cli|explain|output|embedded)\//.test(name)),
      [],
    );
  });
  it("needs no package but parquet-wasm", () => {
    assert.deepEqual(
      [...loaded().packages].filter((name) => !/^parquet-wasm(\/|$)/.test(name)),
      [],
    );
  });
  it("is at most 300 KB gzipped, kernels included", () => {
    const bytes = executorBytes();
    assert.ok(bytes > 50_000 && bytes <= 300_000, `${bytes} bytes`);
  });
});

it("the version is that of package.json", () => assert.equal(version, manifest.version));
