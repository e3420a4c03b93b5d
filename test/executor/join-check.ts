/** Joins of generated rows, compared with the definition of each type. */
import assert from "node:assert/strict";
import { types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import type { Column, Expr } from "../../lib/expr/expr.ts";
import type { HashJoinNode, NestedLoopJoinNode, PhysicalJoinType } from "../../lib/physical/plan.ts";
import type { TaskOptions, TaskResult } from "../../lib/stages/graph.ts";
import { canonical, canonicalRow } from "./generated.ts";
import { exchangeOf, type Row, spillLeftovers, TaskRunner } from "./task.ts";

export const ref = ({ id, name, type, nullable }: Column): Expr => ({ kind: "column", id, name, type, nullable });
const call = (fn: string, ...args: Expr[]): Expr => ({ kind: "call", fn, args, type: types.boolean });

export const joinTypes: readonly PhysicalJoinType[] = [
  "inner",
  "probe_outer",
  "build_outer",
  "full_outer",
  "probe_semi",
  "probe_anti",
  "build_semi",
  "build_anti",
  "probe_mark",
];

export interface Case {
  readonly build: readonly Row[];
  readonly probe: readonly Row[];
  readonly buildColumns: readonly Column[];
  readonly probeColumns: readonly Column[];
  readonly joinType: PhysicalJoinType;
  /** Positions of the keys, the same on both sides. */
  readonly keys: readonly number[];
  readonly nullSafe?: boolean;
  readonly nullAware?: boolean;
  /** The extra condition: build value < probe value, at these positions. */
  readonly less?: readonly [number, number];
}

/** TRUE, FALSE or unknown (null) of one pair. */
function truth({ keys, nullSafe, less }: Case, b: Row, p: Row): { key: boolean | null; condition: boolean | null } {
  let key: boolean | null = true;
  for (const i of keys) {
    const known = b[i] !== null && p[i] !== null;
    const equal = nullSafe || known ? canonical(b[i]!) === canonical(p[i]!) : null;
    if (equal === false) key = false;
    else if (equal === null && key !== false) key = null;
  }
  let condition: boolean | null = true;
  if (less) {
    const [x, y] = [b[less[0]]!, p[less[1]]!];
    condition = x === null || y === null ? null : x < y;
  }
  return { key, condition };
}

function expected(c: Case, condition3: boolean): string[] {
  const out: Value[][] = [];
  const buildNulls = c.buildColumns.map(() => null);
  const probeNulls = c.probeColumns.map(() => null);
  const matchedBuild = new Set<Row>();
  for (const p of c.probe) {
    const matches: Row[] = [];
    let unknown = false;
    for (const b of c.build) {
      const { key, condition } = truth(c, b, p);
      if (key === true && condition === true) {
        matches.push(b);
        matchedBuild.add(b);
      } else if (key !== false && condition === true) unknown = true;
      else if (condition3 && key !== false && condition === null) unknown = true;
    }
    switch (c.joinType) {
      case "inner":
      case "build_outer":
      case "probe_outer":
      case "full_outer":
      case "probe_single":
        for (const b of matches) out.push([...b, ...p]);
        if (matches.length === 0 && !["inner", "build_outer"].includes(c.joinType)) out.push([...buildNulls, ...p]);
        break;
      case "probe_semi":
        if (matches.length > 0) out.push([...p]);
        break;
      case "probe_anti":
        if (matches.length === 0 && !(c.nullAware && unknown)) out.push([...p]);
        break;
      case "probe_mark":
        out.push([...p, matches.length > 0 ? true : c.nullAware && unknown ? null : false]);
    }
  }
  for (const b of c.build) {
    const matched = matchedBuild.has(b);
    if (!matched && ["build_outer", "full_outer"].includes(c.joinType)) out.push([...b, ...probeNulls]);
    if (matched && c.joinType === "build_semi") out.push([...b]);
    if (!matched && c.joinType === "build_anti") out.push([...b]);
  }
  return out.map(canonicalRow).sort();
}

export const mark: Column = { id: 900, name: "mark", type: types.boolean, nullable: true };

function outputColumns({ joinType, buildColumns, probeColumns }: Case): Column[] {
  if (joinType === "probe_mark") return [...probeColumns, mark];
  if (joinType === "probe_semi" || joinType === "probe_anti") return [...probeColumns];
  if (joinType === "build_semi" || joinType === "build_anti") return [...buildColumns];
  return [...buildColumns, ...probeColumns];
}

/** One runner for all checks, with stages of their own: a linear memory each would take most of the time. */
export const runner = new TaskRunner();
let stages = 0;
/** Bytes that joins wrote to spill files. */
export const totals = { spilled: 0, blocks: 0 };

export async function check(c: Case, options: Partial<TaskOptions> = {}, loop = false): Promise<TaskResult> {
  const build = exchangeOf(++stages, c.buildColumns);
  const probe = exchangeOf(++stages, c.probeColumns);
  await runner.produce(build, c.build, 40);
  await runner.produce(probe, c.probe, 40);
  const { buildColumns: bc, probeColumns: pc } = c;
  const less = c.less && call("<", ref(bc[c.less[0]]!), ref(pc[c.less[1]]!));
  const common = {
    joinType: c.joinType,
    build,
    probe,
    nullAware: c.nullAware ?? false,
    ...(c.joinType === "probe_mark" && { mark }),
    columns: outputColumns(c),
  };
  let plan: HashJoinNode | NestedLoopJoinNode;
  if (loop) {
    const equal = c.nullSafe ? "is_not_distinct_from" : "=";
    const parts = [...c.keys.map((i) => call(equal, ref(bc[i]!), ref(pc[i]!))), ...(less ? [less] : [])];
    const filter = parts.length === 1 ? parts[0]! : call("and", ...parts);
    plan = { kind: "nested_loop_join", ...common, ...(parts.length > 0 && { filter }), distribution: "collected" };
  } else {
    plan = {
      kind: "hash_join",
      ...common,
      keys: c.keys.map((i) => ({ build: ref(bc[i]!), probe: ref(pc[i]!), nullSafe: c.nullSafe ?? false })),
      ...(less && { filter: less }),
      distribution: "collected",
      buildRows: 10,
      keyRanges: c.keys.map(() => null),
      buildUnique: false,
      runtimeFilters: [],
    };
  }
  const result = await runner.run(plan, { kind: "single" }, options);
  totals.spilled += result.metrics.counters.spilledBytes ?? 0;
  totals.blocks += result.metrics.counters.blocks ?? 0;
  const [rows] = await runner.rows(result);
  const got = rows!.map(canonicalRow).sort();
  assert.deepEqual(got, expected(c, loop), `${c.joinType} ${JSON.stringify(options)}`);
  assert.deepEqual(spillLeftovers(), []);
  assert.ok(runner.memory.usedBytes < 1 << 20, `${runner.memory.usedBytes} bytes are still held`);
  return result;
}
