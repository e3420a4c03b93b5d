/** Nanoseconds per row of grouping and joining, each on generated keys: `node bench/hash.ts`. */
import { types } from "../lib/arrow/types.ts";
import { type Batch, type FlatVector, newDictionary, type Vector } from "../lib/arrow/vector.ts";
import { HashAggregateOperator } from "../lib/executor/aggregate/hash-aggregate.ts";
import { HashJoinOperator } from "../lib/executor/join/hash-join.ts";
import type { Operator, TaskContext } from "../lib/executor/operator/operator.ts";
import { aggregateCall } from "../lib/expr/aggregates.ts";
import type { Column, Expr } from "../lib/expr/expr.ts";
import { LinearMemory } from "../lib/kernels/memory.ts";

const batchRows = 4096;
const rows = 4_000_000;
const memory = new LinearMemory();

const context = {
  memory,
  batchRows,
  hashBits: 32,
  memoryBytes: 2 ** 31,
  wouldExceed: () => false,
  signal: new AbortController().signal,
  task: { options: {} },
} as unknown as TaskContext;

const column = (id: number, type: Column["type"]): Column => ({ id, name: `c${id}`, type, nullable: false });
const ref = ({ id, name, type, nullable }: Column): Expr => ({ kind: "column", id, name, type, nullable });

/** int64 values of a function of the row number. */
function int64s(n: number, valueAt: (row: number) => number): FlatVector {
  const data = memory.alloc(n * 8);
  for (let i = 0; i < n; i++) {
    const value = valueAt(i);
    memory.u32[(data >>> 2) + i * 2] = value >>> 0;
    memory.u32[(data >>> 2) + i * 2 + 1] = Math.floor(value / 2 ** 32) >>> 0;
  }
  return { kind: "flat", type: types.int64, physical: "i64", length: n, data, validity: 0 };
}

/** One-byte codes into a dictionary of strings. */
function codes(n: number, values: readonly string[], codeOf: (row: number) => number): Vector {
  const views = memory.alloc(values.length * 8);
  values.forEach((value, i) => {
    const bytes = new TextEncoder().encode(value);
    const at = memory.alloc(bytes.length);
    memory.u8.set(bytes, at);
    memory.u32[(views >>> 2) + i * 2] = at;
    memory.u32[(views >>> 2) + i * 2 + 1] = bytes.length;
  });
  const data = memory.alloc(n);
  for (let i = 0; i < n; i++) memory.u8[data + i] = codeOf(i);
  const flat: FlatVector = {
    kind: "flat",
    type: types.varchar,
    physical: "view",
    length: values.length,
    data: views,
    validity: 0,
  };
  return {
    kind: "dictionary",
    type: types.varchar,
    length: n,
    codes: data,
    codeBytes: 1,
    validity: 0,
    dictionary: newDictionary(flat),
  };
}

function cut(vector: Vector, start: number, length: number): Vector {
  if (vector.kind === "flat") return { ...vector, data: vector.data + start * 8, length };
  if (vector.kind === "dictionary") return { ...vector, codes: vector.codes + start, length };
  throw new Error(vector.kind);
}

function source(columns: readonly Column[], vectors: readonly Vector[], selection?: number): Operator {
  const total = vectors[0]!.length;
  let next = 0;
  const rowNumbers = memory.alloc(batchRows * 4);
  return {
    columns,
    open: async () => {},
    close: async () => memory.free(rowNumbers),
    metrics: () => ({ operator: "source", rows: 0, batches: 0, selfMs: 0, counters: {}, children: [] }),
    async next(): Promise<Batch | null> {
      if (next >= total) return null;
      const length = Math.min(batchRows, total - next);
      let cutVectors = vectors.map((vector) => cut(vector, next, length));
      next += length;
      if (!selection) return { length, columns: cutVectors };
      let kept = 0;
      for (let i = 0; i < length; i++) if (i % 100 < selection) memory.u32[(rowNumbers >>> 2) + kept++] = i;
      cutVectors = cutVectors.map((base): Vector => {
        if (base.kind !== "flat" && base.kind !== "dictionary") throw new Error(base.kind);
        return { kind: "selection", type: base.type, length: kept, selection: rowNumbers, outer: false, base };
      });
      return { length: kept, columns: cutVectors };
    },
  };
}

async function time(name: string, n: number, make: () => Operator): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  let out = 0;
  for (let run = 0; run < 4; run++) {
    const operator = make();
    const start = performance.now();
    await operator.open();
    out = 0;
    for (let batch = await operator.next(); batch !== null; batch = await operator.next()) out += batch.length;
    best = Math.min(best, performance.now() - start);
    await operator.close();
  }
  console.log(
    `${name.padEnd(56)} ${((best * 1e6) / n).toFixed(2).padStart(7)} ns/row ${String(out).padStart(9)} rows out`,
  );
}

function aggregate(
  keys: readonly Column[],
  columns: readonly Column[],
  vectors: readonly Vector[],
  names: [string, Column?][],
  groups: number,
  selection?: number,
): Operator {
  const aggregates = names.map(([name, arg]) => aggregateCall(name, arg ? [ref(arg)] : []));
  const output = [...keys.map(({ type }) => type), ...aggregates.map(({ type }) => type)];
  return new HashAggregateOperator(
    context,
    {
      kind: "aggregate",
      mode: "single",
      input: { kind: "values", columns, rows: [] },
      groupBy: keys.map(ref),
      aggregates,
      columns: output.map((type, i) => column(100 + i, type)),
      groups,
      keyRanges: keys.map(() => null),
    },
    source(columns, vectors, selection),
  );
}

function join(build: Vector[], probe: Vector[], joinType: "inner" | "probe_semi" | "probe_outer"): Operator {
  const b = [column(1, types.int64), column(2, types.int64)];
  const p = [column(11, types.int64), column(12, types.int64)];
  return new HashJoinOperator(
    context,
    {
      kind: "hash_join",
      joinType,
      build: { kind: "values", columns: b, rows: [] },
      probe: { kind: "values", columns: p, rows: [] },
      keys: [{ build: ref(b[0]!), probe: ref(p[0]!), nullSafe: false }],
      nullAware: false,
      columns: joinType === "probe_semi" ? [p[1]!] : [b[1]!, p[1]!],
      distribution: "collected",
      buildRows: build[0]!.length,
      keyRanges: [null],
      buildUnique: false,
      runtimeFilters: [],
    },
    source(b, build),
    source(p, probe),
  );
}

const scatter = (row: number, below: number) => (Math.imul(row, 0x9e3779b1) >>> 0) % below;
const value = int64s(rows, (row) => row % 10_000);
const clustered = int64s(rows, (row) => (row >> 2) * 4);
const random1m = int64s(rows, (row) => scatter(row, 1_000_000));
const sparse1m = int64s(rows, (row) => scatter(row, 1_000_000) * 1000);
const wide1m = int64s(rows, (row) => scatter(row, 1_000_000) * 2 ** 20);
const flags = codes(rows, ["A", "N", "R"], (row) => scatter(row, 3));
const status = codes(rows, ["O", "F"], (row) => scatter(row + 7, 2));
const k = column(1, types.int64);
const v = column(2, types.int64);
const f = column(3, types.varchar);
const s = column(4, types.varchar);
const sums: [string, Column?][] = [["sum", v], ["count"]];
const many: [string, Column?][] = [["sum", v], ["sum", k], ["avg", v], ["avg", k], ["count"]];

await time("no keys: sum, count", rows, () => aggregate([], [v], [value], sums, 1));
await time("2 dictionary keys, 6 groups: count", rows, () =>
  aggregate([f, s], [f, s], [flags, status], [["count"]], 6),
);
await time("2 dictionary keys, 6 groups: 2 sums, 2 avgs, count", rows, () =>
  aggregate([f, s], [f, s, v, k], [flags, status, value, random1m], many, 6),
);
await time("  the same through a selection of 98 %", rows, () =>
  aggregate([f, s], [f, s, v, k], [flags, status, value, random1m], many, 6, 98),
);
await time("clustered int64, 1 M groups in range 4 M: sum, count", rows, () =>
  aggregate([k], [k, v], [clustered, value], sums, 1_000_000),
);
await time("random int64, 1 M groups dense: sum, count", rows, () =>
  aggregate([k], [k, v], [random1m, value], sums, 1_000_000),
);
await time("random int64, 1 M groups sparse: sum, count", rows, () =>
  aggregate([k], [k, v], [sparse1m, value], sums, 1_000_000),
);
const buildKeys = int64s(1_000_000, (row) => row);
const buildSparse = int64s(1_000_000, (row) => row * 1000);
const buildWide = int64s(1_000_000, (row) => row * 2 ** 20);
const payload = int64s(1_000_000, (row) => row);
await time("inner join, 1 M dense unique × 4 M random", rows, () =>
  join([buildKeys, payload], [random1m, value], "inner"),
);
await time("inner join, 1 M sparse unique × 4 M random", rows, () =>
  join([buildSparse, payload], [sparse1m, value], "inner"),
);
await time("inner join, 1 M unique of 40 bits × 4 M random", rows, () =>
  join([buildWide, payload], [wide1m, value], "inner"),
);
await time("outer join, 1 M dense unique × 4 M random", rows, () =>
  join([buildKeys, payload], [random1m, value], "probe_outer"),
);
await time("semi join, 1 M sparse unique × 4 M random", rows, () =>
  join([buildSparse, payload], [sparse1m, value], "probe_semi"),
);
const tenth = int64s(100_000, (row) => row * 10);
const tenthSparse = int64s(100_000, (row) => row * 10_000);
await time("inner join, 100 k dense × 4 M, 10 % match", rows, () =>
  join(
    [tenth, payload].map((x) => cut(x, 0, 100_000)),
    [random1m, value],
    "inner",
  ),
);
await time("inner join, 100 k sparse × 4 M, 10 % match", rows, () =>
  join(
    [tenthSparse, payload].map((x) => cut(x, 0, 100_000)),
    [sparse1m, value],
    "inner",
  ),
);
const doubled = int64s(1_000_000, (row) => row >> 1);
await time("inner join, 1 M build rows, 2 a key × 4 M, half match", rows, () =>
  join([doubled, payload], [random1m, value], "inner"),
);
