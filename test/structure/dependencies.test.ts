/** The arrows of the architecture: which folder of lib may import which, and that no import goes in a circle. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";

const root = join(import.meta.dirname, "../..");

/** From top to bottom: a folder may import those on later lines. A file directly in lib is a folder of its own name. */
const bands: readonly (readonly string[])[] = [
  ["bin", "functions"],
  ["index"],
  ["cli", "dev"],
  ["stack"],
  ["api"],
  ["aws"],
  ["service"],
  ["session"],
  ["query"],
  ["remote"],
  ["output", "explain"],
  ["bill"],
  ["embedded"],
  ["lower"],
  ["optimizer"],
  ["logical"],
  ["sql"],
  ["scheduler"],
  ["executor"],
  ["stages"],
  ["physical"],
  ["catalog"],
  ["shuffle"],
  ["tpch"],
  ["expr"],
  ["parquet"],
  ["csv"],
  ["arrow"],
  ["storage"],
  ["kernels"],
  ["version"],
  ["errors"],
];

/** The same inside lib/executor, whose own files (the tasks and the operators of one file) come first. */
const executorBands: readonly (readonly string[])[] = [
  ["executor"],
  ["window"],
  ["exchange", "aggregate", "join"],
  ["sort", "scan", "spill"],
  ["keys"],
  ["expression"],
  ["operator"],
];

/** Types only, where a band above lends its vocabulary downwards. */
const typeOnly: ReadonlySet<string> = new Set([
  "output>session",
  "remote>session",
  "explain>query",
  "explain>output",
  "explain>sql",
  "stages>optimizer",
  "stages>bill",
  "scheduler>bill",
  "catalog>stages",
  "arrow>expr",
  "parquet>expr",
  "parquet>catalog",
  "csv>catalog",
  "physical>logical",
  "executor>stages",
  "shuffle>stages",
  "shuffle>physical",
]);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

function sources(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts") && !name.includes("assembly"));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const pattern = /(?:^|\n)\s*(import|export)\s+(type\s)?([^;"']*?from\s+)?"(\.[^"]+)"|import\("(\.[^"]+)"\)/g;
  return [...text.matchAll(pattern)].map((match) => {
    const path = match[4] ?? match[5]!;
    const to = relative(root, join(root, dirname(file), path));
    const names = match[3]?.match(/\{([^}]*)\}/)?.[1];
    const allTypes = names?.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type ")) ?? false;
    return { from: file, to, typeOnly: match[2] !== undefined || allTypes, dynamic: match[5] !== undefined };
  });
}

function folderOf(file: string): string {
  if (file.startsWith("bin/")) return "bin";
  if (file.startsWith("functions/")) return "functions";
  return file.split("/")[1]!.replace(/\.ts$/, "");
}

const imports = [...sources("lib"), ...sources("bin"), ...sources("functions")].flatMap(importsOf);

describe("dependencies", () => {
  it("every folder has its band", () => {
    const known = new Set(bands.flat());
    const unknown = new Set(imports.map(({ from }) => folderOf(from)).filter((folder) => !known.has(folder)));
    assert.deepEqual([...unknown], []);
  });

  it("imports point downwards", () => {
    const level = new Map(bands.flatMap((band, i) => band.map((folder) => [folder, i] as const)));
    const wrong = imports.filter(({ from, to, typeOnly: types }) => {
      const [a, b] = [folderOf(from), folderOf(to)];
      if (a === b || level.get(a)! < level.get(b)!) return false;
      return !(types && typeOnly.has(`${a}>${b}`));
    });
    assert.deepEqual(
      wrong.map(({ from, to, typeOnly: types }) => `${from} → ${to}${types ? " (types)" : ""}`),
      [],
    );
  });

  it("imports inside lib/executor point downwards", () => {
    const level = new Map(executorBands.flatMap((band, i) => band.map((folder) => [folder, i] as const)));
    const inside = (file: string) => file.startsWith("lib/executor/");
    const folder = (file: string) => dirname(file).split("/").at(-1)!;
    const within = imports.filter(({ from, to }) => inside(from) && inside(to) && folder(from) !== folder(to));
    assert.ok(within.length > 50, `only ${within.length} imports found`);
    assert.deepEqual(
      within
        .filter(({ from, to }) => !(level.get(folder(from))! < level.get(folder(to))!))
        .map(({ from, to }) => `${from} → ${to}`),
      [],
    );
  });

  it("no import goes in a circle", () => {
    const graph = new Map<string, string[]>();
    for (const { from, to, typeOnly: types, dynamic } of imports) {
      if (!types && !dynamic) graph.set(from, [...(graph.get(from) ?? []), to]);
    }
    assert.deepEqual(findCycle(graph), []);
  });

  it("executors know no SQL: what lib/executor/worker.ts loads has neither parser, binder nor optimizer", () => {
    const graph = new Map<string, string[]>();
    for (const { from, to, typeOnly: types } of imports) if (!types) graph.set(from, [...(graph.get(from) ?? []), to]);
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const next of graph.get(file) ?? []) visit(next);
    };
    visit("lib/executor/worker.ts");
    assert.ok(seen.size > 20, `only ${seen.size} files found`);
    assert.deepEqual(
      [...seen].filter((file) => /^lib\/(sql|logical|optimizer|lower|cli|embedded)\//.test(file)),
      [],
    );
  });
});

/** The files of one circle, or none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
