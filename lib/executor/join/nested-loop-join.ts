/**
 * Joins on any condition: every probe row meets every build row, in blocks of pairs. A build side beyond the memory limit
 * is joined in blocks: see block-join.ts.
 */
import type { Batch, Vector } from "../../arrow/vector.ts";
import type { Column, Expr } from "../../expr/expr.ts";
import { columnIdsOf } from "../../expr/walk.ts";
import { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { NestedLoopJoinNode } from "../../physical/plan.ts";
import type { Operator, TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import { type SpillFile, SpillWriter } from "../spill/spill-blocks.ts";
import { type BuildBlocks, joinByBlocks, type SpilledBatch } from "./block-join.ts";
import { ColumnStore } from "./column-store.ts";
import { JoinOutput } from "./join-output.ts";
import { joinColumns, PairBuffer, PairFilter, PairTruth } from "./join-pairs.ts";
import { type Piece, type ProbeBatch, ProbeMatches } from "./probe-matches.ts";

/** However short memory is: each block costs a pass over the probe side. */
const blockBatchesMin = 4;

export class NestedLoopJoinOperator extends OperatorBase {
  readonly #node: NestedLoopJoinNode;
  readonly #build: Operator;
  readonly #probe: Operator;
  readonly #buildPositions: readonly number[];
  readonly #probePositions: readonly number[];
  readonly #store: ColumnStore;
  readonly #filter: PairFilter | undefined;
  /** The condition with its NULLs, where they matter. */
  readonly #truth: PairTruth | undefined;
  readonly #output: JoinOutput;
  readonly #matches: ProbeMatches;
  readonly #pairs: PairBuffer;
  readonly #unknown: GrowableBlock;
  readonly #unmatched: GrowableBlock;
  #batches: AsyncGenerator<Batch> | undefined;
  #matched: Ptr = 0;
  /** What did not fit in memory. */
  #buildSpill: SpillWriter | undefined;
  #probeSpill: SpillWriter | undefined;
  #blocksRead = 0;
  /** Blocks of the spill file that were read. */
  #buildRead = 0;

  constructor(context: TaskContext, node: NestedLoopJoinNode, build: Operator, probe: Operator) {
    super("nested_loop_join", context, node.columns, [build, probe]);
    const { memory } = context;
    this.#node = node;
    this.#build = build;
    this.#probe = probe;
    const stored = usedColumns(node.columns, node.filter, build.columns);
    const streamed = usedColumns(node.columns, node.filter, probe.columns);
    this.#buildPositions = stored.map(({ id }) => build.columns.findIndex((column) => column.id === id));
    this.#probePositions = streamed.map(({ id }) => probe.columns.findIndex((column) => column.id === id));
    this.#store = new ColumnStore(
      memory,
      stored.map(({ type }) => type),
    );
    if (node.filter && node.nullAware) this.#truth = new PairTruth(context, node.filter, streamed, stored);
    else if (node.filter) this.#filter = new PairFilter(context, node.filter, streamed, stored);
    const columns = joinColumns(node.columns, streamed, stored, node.mark);
    this.#output = new JoinOutput(memory, columns, (position) => this.#store.column(position));
    this.#matches = new ProbeMatches(memory, node.joinType, this.#output, context.batchRows, node.mark);
    this.#pairs = new PairBuffer(memory);
    this.#unknown = new GrowableBlock(memory);
    this.#unmatched = new GrowableBlock(memory);
  }

  protected override async nextBatch(): Promise<Batch | null> {
    this.#batches ??= this.#run();
    const { done, value } = await this.#batches.next();
    return done ? null : value;
  }

  protected override async closeSelf(): Promise<void> {
    await this.#batches?.return(undefined);
    this.#store.clear();
    this.#filter?.close();
    this.#truth?.close();
    for (const owner of [this.#output, this.#matches, this.#pairs, this.#unknown, this.#unmatched]) owner.free();
    this.context.memory.free(this.#matched);
    this.#matched = 0;
    for (const spill of [this.#buildSpill, this.#probeSpill]) {
      spill?.free();
      await spill?.file.remove();
    }
  }

  async *#run(): AsyncGenerator<Batch> {
    await this.#readBuild();
    const { joinType } = this.#node;
    this.count("buildRows", this.#store.rows + (this.#buildSpill?.file.rows ?? 0));
    if (this.#store.rows === 0 && (joinType === "inner" || joinType === "probe_semi" || joinType.startsWith("build")))
      return;
    if (this.#buildSpill) {
      yield* this.#joinByBlocks(await this.#buildSpill.finish());
      return;
    }
    for (let batch = await this.#probe.next(); batch !== null; batch = await this.#probe.next()) {
      const { length } = batch;
      const columns = this.#probePositions.map((position) => batch!.columns[position]!);
      yield* this.#join({ length, columns });
    }
    yield* this.#matches.buildRows(this.#store.rows, () => this.#buildMatched());
  }

  /** Fills the memory, and writes what is left to the disk. */
  async #readBuild(): Promise<void> {
    for (let batch = await this.#build.next(); batch !== null; batch = await this.#build.next()) {
      const columns = this.#buildPositions.map((position) => batch!.columns[position]!);
      if (!this.#buildSpill && this.#isFull(batch.length)) this.#buildSpill = this.#spillWriter("loop-build");
      if (this.#buildSpill) await this.#buildSpill.append(columns, batch.length);
      else this.#store.append(columns, batch.length);
    }
  }

  #isFull(moreRows: number): boolean {
    if (this.#store.rows < blockBatchesMin * this.context.batchRows) return false;
    return this.context.wouldExceed(this.#store.growthBytes(moreRows));
  }

  #spillWriter(prefix: string): SpillWriter {
    return new SpillWriter(this.context.memory, this.context.spill, prefix);
  }

  #buildMatched(): Ptr {
    if (this.#matched === 0) this.#matched = this.context.memory.allocZeroed(Math.max(1, this.#store.rows));
    return this.#matched;
  }

  async *#joinByBlocks(build: SpillFile): AsyncGenerator<Batch> {
    const { context } = this;
    this.#probeSpill = this.#spillWriter("loop-probe");
    for (let batch = await this.#probe.next(); batch !== null; batch = await this.#probe.next()) {
      const columns = this.#probePositions.map((position) => batch!.columns[position]!);
      await this.#probeSpill.append(columns, batch.length);
    }
    const file = await this.#probeSpill.finish();
    this.count("spilledBytes", build.bytes + file.bytes);
    const types = this.#probePositions.map((position) => this.#probe.columns[position]!.type);
    const blocks: BuildBlocks = {
      next: () => this.#nextBlock(build),
      rows: () => this.#store.rows,
      matched: () => this.#buildMatched(),
      pieces: (batch, unsure) => this.paced(this.#pieces(batch, unsure)),
    };
    const probe = { file, types, columns: ({ columns }: SpilledBatch) => columns };
    yield* joinByBlocks(context, this.#matches, blocks, probe, this.#truth !== undefined);
  }

  /** The first block is in memory already. */
  async #nextBlock(build: SpillFile): Promise<boolean> {
    if (this.#blocksRead++ === 0) return true;
    this.#store.clear();
    this.context.memory.free(this.#matched);
    this.#matched = 0;
    const arena = new Arena(this.context.memory);
    const types = this.#buildPositions.map((position) => this.#build.columns[position]!.type);
    try {
      while (this.#buildRead < build.blocks && !this.#isFull(this.context.batchRows)) {
        const { rows, columns } = await build.read(this.#buildRead++, types, arena);
        this.#store.append(columns, rows);
        arena.free();
      }
    } finally {
      arena.free();
    }
    this.count("blocks");
    return this.#store.rows > 0;
  }

  async *#join(batch: ProbeBatch): AsyncGenerator<Batch> {
    const unknown = this.#truth ? this.#clearedUnknown(batch.length) : 0;
    const pieces = this.paced(this.#pieces(batch, unknown));
    yield* this.#matches.join(batch, pieces, () => this.#buildMatched(), this.#truth && (() => unknown));
  }

  #clearedUnknown(length: number): Ptr {
    const unknown = this.#unknown.ensure(length);
    this.context.memory.u8.fill(0, unknown, unknown + length);
    return unknown;
  }

  /** Blocks of the cross product that meet the condition. */
  *#pieces(batch: ProbeBatch, unknown: Ptr): Generator<Piece> {
    const { joinType } = this.#node;
    const { kernels } = this.context.memory;
    const builds = this.#store.rows;
    const onlyWhether = joinType === "probe_semi" || joinType === "probe_anti" || joinType === "probe_mark";
    if (onlyWhether && this.#node.filter) {
      yield* this.#firstMatches(batch, unknown);
      return;
    }
    // Without a condition a row matches when there is anything: one build row stands for all.
    const met = onlyWhether && !this.#node.filter ? Math.min(1, builds) : builds;
    const total = batch.length * met;
    const room = Math.max(1, this.context.batchRows);
    for (let from = 0; from < total; from += room) {
      const count = Math.min(room, total - from);
      const pairs = this.#pairs.ensure(count);
      kernels.crossPairs(from, met, count, pairs.probeRows, pairs.buildRows);
      yield { pairs, count: this.#kept(pairs, count, batch.columns, unknown) };
    }
  }

  /** Where only whether rows match matters: goes through the build side for those that have no match yet. */
  *#firstMatches(batch: ProbeBatch, unknown: Ptr): Generator<Piece> {
    const { kernels } = this.context.memory;
    const { length } = batch;
    const rows = this.#unmatched.ensure(length * 4 + length);
    const open = rows + length * 4;
    kernels.numberRows(0, length, rows);
    this.context.memory.u8.fill(1, open, open + length);
    let left = length;
    for (let from = 0; from < this.#store.rows && left > 0; ) {
      const width = Math.min(this.#store.rows - from, Math.max(1, Math.floor(this.context.batchRows / left)));
      const count = left * width;
      const pairs = this.#pairs.ensure(count);
      kernels.crossPairs(0, width, count, pairs.probeRows, pairs.buildRows);
      kernels.gather4(rows, pairs.probeRows, count, pairs.probeRows);
      kernels.add4(pairs.buildRows, from, count);
      from += width;
      const kept = this.#kept(pairs, count, batch.columns, unknown);
      if (kept === 0) continue;
      const bytes = this.context.memory.u8;
      const at = pairs.probeRows >>> 2;
      for (const row of this.context.memory.u32.subarray(at, at + kept)) bytes[open + row] = 0;
      left = kernels.selectOnes(open, length, rows);
      yield { pairs, count: kept };
    }
  }

  #kept(pairs: PairBuffer, count: number, probe: readonly Vector[], unknown: Ptr): number {
    const build = (position: number) => this.#store.column(position);
    if (this.#truth) return this.#truth.keep(pairs, count, probe, build, unknown);
    return this.#filter ? this.#filter.keep(pairs, count, probe, build) : count;
  }
}

function usedColumns(output: readonly Column[], filter: Expr | undefined, columns: readonly Column[]): Column[] {
  const used = new Set(output.map(({ id }) => id));
  if (filter) for (const id of columnIdsOf(filter)) used.add(id);
  return columns.filter(({ id }) => used.has(id));
}
