/** Pairs of a probe row and a build row, as two selections, and the vectors they make of both sides' columns. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { RowSelector } from "../../arrow/select-rows.ts";
import type { DataType } from "../../arrow/types.ts";
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Column, Expr } from "../../expr/expr.ts";
import { columnIdsOf } from "../../expr/walk.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { compileExpressions, type ExpressionSet } from "../expression/expression-set.ts";
import { compilePredicate, type Predicate } from "../expression/predicate.ts";
import type { TaskContext } from "../operator/operator.ts";

/** In a selection: no row. */
export const noRow = 0xffffffff;

export type JoinColumn =
  | { readonly side: "probe" | "build"; readonly position: number; readonly type: DataType }
  | { readonly side: "mark" };

/** Where each output column comes from. */
export function joinColumns(
  columns: readonly Column[],
  probe: readonly Column[],
  build: readonly Column[],
  mark: Column | undefined,
): JoinColumn[] {
  return columns.map(({ id, name, type }): JoinColumn => {
    if (mark && id === mark.id) return { side: "mark" };
    const inProbe = probe.findIndex((column) => column.id === id);
    if (inProbe >= 0) return { side: "probe", position: inProbe, type };
    const inBuild = build.findIndex((column) => column.id === id);
    if (inBuild < 0) throw new QueryError("internal", `column ${name} (#${id}) is on neither side of its join`);
    return { side: "build", position: inBuild, type };
  });
}

/** Two selections of the same length. */
export interface Pairs {
  probeRows: Ptr;
  buildRows: Ptr;
}

/** Room for pairs; contents are lost when it grows. */
export class PairBuffer implements Pairs {
  readonly #probe: GrowableBlock;
  readonly #build: GrowableBlock;
  probeRows: Ptr = 0;
  buildRows: Ptr = 0;

  constructor(memory: LinearMemory) {
    this.#probe = new GrowableBlock(memory);
    this.#build = new GrowableBlock(memory);
  }

  ensure(pairs: number): this {
    this.probeRows = this.#probe.ensure(pairs * 4);
    this.buildRows = this.#build.ensure(pairs * 4);
    return this;
  }

  free(): void {
    this.#probe.free();
    this.#build.free();
  }
}

/** Build columns at selected rows; `outer`: some selections are noRow. */
export function selectBuild(base: FlatVector, selection: Ptr, length: number, outer: boolean): Vector {
  return { kind: "selection", type: base.type, length, selection, outer, base };
}

/** The columns that a condition over pairs uses, gathered lazily. */
class PairColumns {
  readonly used: readonly Column[];
  readonly #columns: readonly JoinColumn[];
  readonly #selector: RowSelector;

  constructor(memory: LinearMemory, filter: Expr, probe: readonly Column[], build: readonly Column[]) {
    const ids = columnIdsOf(filter);
    this.used = [...probe, ...build].filter(({ id }) => ids.has(id));
    this.#columns = joinColumns(this.used, probe, build, undefined);
    this.#selector = new RowSelector(memory);
  }

  batch(pairs: Pairs, length: number, probe: readonly Vector[], build: (position: number) => FlatVector): Batch {
    this.#selector.begin(pairs.probeRows, length);
    const columns = this.#columns.map((column) => {
      if (column.side === "probe") return this.#selector.select(probe[column.position]!);
      if (column.side === "mark") throw new QueryError("internal", "a join's condition uses its own mark");
      return selectBuild(build(column.position), pairs.buildRows, length, false);
    });
    return { length, columns };
  }

  free(): void {
    this.#selector.free();
  }
}

/** A join's extra condition over pairs. */
export class PairFilter {
  readonly #memory: LinearMemory;
  readonly #predicate: Predicate;
  readonly #columns: PairColumns;

  constructor(context: TaskContext, filter: Expr, probe: readonly Column[], build: readonly Column[]) {
    this.#memory = context.memory;
    this.#columns = new PairColumns(context.memory, filter, probe, build);
    this.#predicate = compilePredicate(filter, this.#columns.used, context);
  }

  /** Keeps the pairs for which the condition is TRUE, in place; returns how many. */
  keep(pairs: Pairs, count: number, probe: readonly Vector[], build: (position: number) => FlatVector): number {
    if (count === 0) return 0;
    const kept = this.#predicate.select(this.#columns.batch(pairs, count, probe, build));
    if (kept.ids !== 0 && kept.count < count) keepPairs(this.#memory, pairs, kept.ids, kept.count);
    return kept.count;
  }

  close(): void {
    this.#predicate.close();
    this.#columns.free();
  }
}

/** A condition over pairs that may be TRUE, FALSE or NULL. */
export class PairTruth {
  readonly #memory: LinearMemory;
  readonly #condition: ExpressionSet;
  readonly #columns: PairColumns;
  readonly #flatten: FlattenBuffer;
  readonly #true: GrowableBlock;
  readonly #rows: GrowableBlock;

  constructor(context: TaskContext, filter: Expr, probe: readonly Column[], build: readonly Column[]) {
    this.#memory = context.memory;
    this.#columns = new PairColumns(context.memory, filter, probe, build);
    this.#condition = compileExpressions([filter], this.#columns.used, context);
    this.#flatten = new FlattenBuffer(context.memory);
    this.#true = new GrowableBlock(context.memory);
    this.#rows = new GrowableBlock(context.memory);
  }

  /** Keeps the pairs for which the condition is TRUE; where it is NULL, unknown[probe row] = 1. */
  keep(
    pairs: Pairs,
    count: number,
    probe: readonly Vector[],
    build: (position: number) => FlatVector,
    unknown: Ptr,
  ): number {
    const [vector] = this.#condition.evaluate(this.#columns.batch(pairs, count, probe, build));
    const { data, validity, type } = this.#flatten.flatten(vector!);
    const { kernels, u8, u32 } = this.#memory;
    const isNull = (pair: number) => type.kind === "null" || (validity !== 0 && u8[validity + pair] === 0);
    for (let pair = 0; pair < count; pair++) {
      if (isNull(pair)) u8[unknown + u32[(pairs.probeRows >>> 2) + pair]!] = 1;
    }
    if (type.kind === "null") return 0;
    const rows = this.#rows.ensure(count * 4);
    const yes = this.#true.ensure(count);
    kernels.bothBytes(data, validity, count, yes);
    const kept = kernels.selectOnes(yes, count, rows);
    keepPairs(this.#memory, pairs, rows, kept);
    return kept;
  }

  close(): void {
    this.#condition.close();
    this.#columns.free();
    this.#flatten.free();
    this.#true.free();
    this.#rows.free();
  }
}

/** Moves the pairs at ascending positions to the front: moving in place never overtakes reading. */
function keepPairs({ kernels }: LinearMemory, { probeRows, buildRows }: Pairs, positions: Ptr, count: number): void {
  kernels.gather4(probeRows, positions, count, probeRows);
  kernels.gather4(buildRows, positions, count, buildRows);
}
