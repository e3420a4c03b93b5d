/**
 * Window functions over sorted rows: collects whole partitions, then evaluates each function over all of their rows at
 * once. See docs/design/windows.md.
 */
import { BatchBuilder } from "../../arrow/batch-builder.ts";
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { sliceVector } from "../../arrow/slice.ts";
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import { memoryHint, QueryError } from "../../errors.ts";
import type { SortKey } from "../../expr/expr.ts";
import { Arena } from "../../kernels/arena.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { WindowNode } from "../../physical/plan.ts";
import { columnPositions } from "../keys/key-columns.ts";
import type { Operator, TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import { windowEvaluator } from "./evaluators.ts";
import { readsPeers } from "./frames.ts";
import { type PartitionRows, PartitionStream } from "./partition-stream.ts";
import { noteChanges } from "./sort-changes.ts";
import { WindowBlock, type WindowEvaluator } from "./window-block.ts";

/** Several batches at once, so that what a block costs is spread over more rows. */
const blockBatches = 4;

export class WindowOperator extends OperatorBase {
  readonly #input: Operator;
  readonly #evaluators: readonly WindowEvaluator[];
  /** Where each level's keys stand in the input. */
  readonly #levels: readonly (readonly number[])[];
  /** Where the columns that are passed on stand in the input. */
  readonly #positions: readonly number[];
  readonly #flatten: readonly FlattenBuffer[];
  /** Lives as long as the block. */
  readonly #blockArena: Arena;
  #rows: BatchBuilder;
  #spare: BatchBuilder;
  #marks: Ptr = 0;
  /** Rows of partitions that are complete. */
  #complete = 0;
  #ended = false;
  #block: WindowBlock | undefined;
  #results: readonly Vector[] = [];
  #emitted = 0;
  readonly #node: WindowNode;
  readonly #canStream: boolean;
  #stream: PartitionStream | undefined;

  constructor(context: TaskContext, node: WindowNode, input: Operator) {
    super("window", context, node.columns, [input]);
    const { memory } = context;
    const partition = node.partitionBy.map((expr): SortKey => ({ expr, descending: false, nullsFirst: false }));
    const depth = Math.max(0, ...node.functions.map((call) => (readsPeers(call) ? call.orderKeys : 0)));
    const levels = [partition, ...node.orderBy.slice(0, depth).map((key) => [key])];
    this.#input = input;
    this.#node = node;
    this.#canStream = PartitionStream.suits(node);
    this.#levels = levels.map((keys) =>
      columnPositions(
        keys.map(({ expr }) => columnOf(expr)),
        input.columns,
      ),
    );
    this.#positions = columnPositions(
      node.columns.slice(0, node.columns.length - node.functions.length),
      input.columns,
    );
    this.#flatten = input.columns.map(() => new FlattenBuffer(memory));
    this.#blockArena = new Arena(memory);
    const types = input.columns.map(({ type }) => type);
    this.#rows = new BatchBuilder(memory, types);
    this.#spare = new BatchBuilder(memory, types);
    this.#evaluators = node.functions.map((call) => windowEvaluator(call, node, input.columns, context));
  }

  protected override async nextBatch(): Promise<Batch | null> {
    if (this.#block === undefined || this.#emitted === endOf(this.#block)) await this.#nextBlock();
    const block = this.#block;
    if (block === undefined) return null;
    const from = this.#emitted;
    const to = Math.min(endOf(block), from + this.context.batchRows);
    this.#emitted = to;
    const passed = this.#positions.map((position) => block.columns[position]!);
    return { length: to - from, columns: [...passed, ...this.#results].map((vector) => sliceVector(vector, from, to)) };
  }

  protected override async closeSelf(): Promise<void> {
    await this.#stream?.close();
    for (const evaluator of this.#evaluators) evaluator.free();
    for (const buffer of this.#flatten) buffer.free();
    this.#blockArena.free();
    this.#rows.free();
    this.#spare.free();
    this.context.memory.free(this.#marks);
    this.#marks = 0;
  }

  async #nextBlock(): Promise<void> {
    if (this.#stream) {
      if (await this.#nextStreamed(this.#stream)) return;
      await this.#stream.close();
      this.#stream = undefined;
    }
    this.#dropBlock();
    const wanted = this.context.wouldExceed(0) ? 1 : blockBatches * this.context.batchRows;
    while (!this.#ended && this.#complete < wanted) {
      await this.#read();
      if (!this.#isTooLarge()) continue;
      this.#stream = this.#streamPartition();
      if (await this.#nextStreamed(this.#stream)) return;
    }
    if (this.#complete === 0) return;
    const { length } = this.#rows;
    if (length === 0) return;
    this.#block = new WindowBlock(this.#slice(0, this.#complete), this.#complete, this.#marks, this.#blockArena);
    this.#results = this.#inMemory(() => this.#evaluators.map((evaluator) => evaluator.evaluate(this.#block!)));
    this.#emitted = 0;
  }

  /** Whether the partition that is being read should not be held any longer. */
  #isTooLarge(): boolean {
    if (this.#complete > 0 || !this.#canStream || this.#rows.length < blockBatches * this.context.batchRows)
      return false;
    return this.context.wouldExceed(this.#rows.bytes);
  }

  #streamPartition(): PartitionStream {
    this.count("largePartitions");
    return new PartitionStream(this.context, this.#node, this.#input.columns, this.#levels, this.#restOfPartition());
  }

  async #nextStreamed(stream: PartitionStream): Promise<boolean> {
    this.#block = undefined;
    const before = this.context.spill.bytesWritten;
    const next = await stream.next();
    if (this.context.spill.bytesWritten > before) this.count("spilledBytes", this.context.spill.bytesWritten - before);
    if (next === null) return false;
    this.#block = next.block;
    this.#results = next.results;
    this.#emitted = next.block.place!.first;
    return true;
  }

  /** The rows of the partition that is being read; afterwards #rows has those that follow it. */
  async *#restOfPartition(): PartitionRows {
    const { memory } = this.context;
    yield this.#rows.batch();
    for (;;) {
      // The last row stays, for the next one to be compared with.
      const { length } = this.#rows;
      this.#keepFrom(length - 1);
      await this.#read();
      if (this.#ended) {
        this.#rows.clear();
        this.#complete = 0;
        return;
      }
      const rows = this.#rows.length;
      const end = 1 + memory.kernels.firstChange(this.#marks + 1, rows - 1, 0);
      if (end > 1) yield { length: end - 1, columns: this.#slice(1, end) };
      if (end === rows) continue;
      this.#keepFrom(end);
      this.#complete = Math.max(0, memory.kernels.lastChange(this.#marks, rows - end, 0));
      return;
    }
  }

  #slice(from: number, to: number): readonly FlatVector[] {
    return this.#rows.batch().columns.map((column) => sliceVector(column, from, to) as FlatVector);
  }

  /** Forgets the rows before one. */
  #keepFrom(from: number): void {
    const { length } = this.#rows;
    if (from < length) {
      this.#spare.append(this.#slice(from, length), 0, length - from);
      this.context.memory.u8.copyWithin(this.#marks, this.#marks + from, this.#marks + length);
      this.context.memory.u8[this.#marks] = 0;
    }
    this.#rows.clear();
    [this.#rows, this.#spare] = [this.#spare, this.#rows];
  }

  /** Forgets the rows that were given out. */
  #dropBlock(): void {
    if (this.#block === undefined) return;
    const done = this.#block.length;
    this.#block = undefined;
    this.#results = [];
    this.#blockArena.free();
    this.#keepFrom(done);
    this.#complete = this.#ended ? this.#rows.length : 0;
  }

  async #read(): Promise<void> {
    const batch = await this.#input.next();
    if (batch === null) {
      this.#ended = true;
      this.#complete = this.#rows.length;
      return;
    }
    const before = this.#rows.length;
    this.#marks = this.context.memory.resize(this.#marks, roomFor(before + batch.length), before);
    const flat = batch.columns.map((column, i) => this.#flatten[i]!.flatten(column));
    this.#inMemory(() => this.#rows.append(flat, 0, batch.length));
    const columns = this.#rows.columns.map((column) => column.vector());
    const keys = this.#levels.map((positions) => positions.map((position) => columns[position]!));
    noteChanges(this.context.memory, keys, before, before + batch.length, this.#marks);
    const last = this.context.memory.kernels.lastChange(this.#marks + before, batch.length, 0);
    if (last >= 0) this.#complete = before + last;
  }

  #inMemory<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof QueryError) || error.code !== "out_of_memory") throw error;
      const message = `a window's partition of at least ${this.#rows.length} rows does not fit in memory`;
      throw new QueryError("out_of_memory", message, { hint: memoryHint, cause: error });
    }
  }
}

/** The block's first row that is not given out. */
function endOf(block: WindowBlock): number {
  return block.place?.to ?? block.length;
}

function roomFor(rows: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(rows, 1024)));
}

function columnOf(expr: SortKey["expr"]): {
  id: number;
  name: string;
  type: SortKey["expr"]["type"];
  nullable: boolean;
} {
  if (expr.kind === "column") return expr;
  throw new QueryError("internal", "a window's key is no column");
}
