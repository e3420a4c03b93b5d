/**
 * One partition that is too large to be held, block by block: rows are given out once, with as many rows around them as
 * the functions look at. What needs something of the whole partition, such as its number of rows, makes two passes: the
 * first one writes the rows to the scratch disk.
 */
import { BatchBuilder, type FlatBatch } from "../../arrow/batch-builder.ts";
import { sliceVector } from "../../arrow/slice.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { Column } from "../../expr/expr.ts";
import { Arena } from "../../kernels/arena.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { WindowNode } from "../../physical/plan.ts";
import type { TaskContext } from "../operator/operator.ts";
import { SpillFile } from "../spill/spill-blocks.ts";
import { TotalEvaluator } from "./partition-aggregates.ts";
import { noteChanges } from "./sort-changes.ts";
import { type StreamNeeds, streamEvaluator, streamNeeds } from "./streaming.ts";
import { WindowBlock, type WindowEvaluator } from "./window-block.ts";

/** Rows of one partition, in order; each piece is valid until the next is asked for. */
export type PartitionRows = AsyncGenerator<FlatBatch, void>;

export interface EvaluatedBlock {
  readonly block: WindowBlock;
  readonly results: readonly Vector[];
}

export class PartitionStream {
  readonly #context: TaskContext;
  readonly #columns: readonly Column[];
  readonly #levels: readonly (readonly number[])[];
  readonly #evaluators: readonly WindowEvaluator[];
  readonly #needs: StreamNeeds;
  /** Calls that number groups of peers ask for them by this many keys. */
  readonly #numbered: ReadonlySet<number>;
  readonly #groups = new Map<number, number>();
  readonly #blockArena: Arena;
  readonly #pieceArena: Arena;
  #rows: BatchBuilder;
  #spare: BatchBuilder;
  #marks: Ptr = 0;
  #source: PartitionRows;
  #spilled: SpillFile | undefined;
  #begun = false;
  #ended = false;
  #total = 0;
  #before = 0;
  #first = 0;
  #block: WindowBlock | undefined;

  /** Whether every function of the node can be evaluated so. */
  static suits(node: WindowNode): boolean {
    return node.functions.every((call) => streamNeeds(call) !== undefined);
  }

  /** @param levels where the keys stand that noteChanges tells apart */
  constructor(
    context: TaskContext,
    node: WindowNode,
    columns: readonly Column[],
    levels: readonly (readonly number[])[],
    source: PartitionRows,
  ) {
    this.#context = context;
    this.#columns = columns;
    this.#levels = levels;
    this.#source = source;
    this.#needs = together(node.functions.map((call) => streamNeeds(call)!));
    this.#evaluators = node.functions.map((call) => streamEvaluator(call, node, columns, context));
    this.#numbered = new Set(node.functions.flatMap(({ fn, orderKeys }) => (fn === "dense_rank" ? [orderKeys] : [])));
    this.#blockArena = new Arena(context.memory);
    this.#pieceArena = new Arena(context.memory);
    const types = columns.map(({ type }) => type);
    this.#rows = new BatchBuilder(context.memory, types);
    this.#spare = new BatchBuilder(context.memory, types);
  }

  /** Rows place.first … place.to of the block are the next ones; null at the end of the partition. */
  async next(): Promise<EvaluatedBlock | null> {
    if (!this.#begun) await this.#begin();
    this.#dropBlock();
    let to = this.#cut();
    while (to === this.#first && !this.#ended) {
      await this.#read();
      to = this.#cut();
    }
    if (to === this.#first) return null;
    const { columns, length } = this.#rows.batch();
    this.#block = new WindowBlock(columns, length, this.#marks, this.#blockArena, {
      first: this.#first,
      to,
      before: this.#before,
      total: this.#total,
      groupsBefore: (orderKeys) => this.#groups.get(orderKeys) ?? 0,
    });
    const block = this.#block;
    return { block, results: this.#evaluators.map((evaluator) => evaluator.evaluate(block)) };
  }

  async close(): Promise<void> {
    for (const evaluator of this.#evaluators) evaluator.free();
    this.#blockArena.free();
    this.#pieceArena.free();
    this.#rows.free();
    this.#spare.free();
    this.#context.memory.free(this.#marks);
    this.#marks = 0;
    await this.#spilled?.remove();
  }

  async #begin(): Promise<void> {
    this.#begun = true;
    for (const evaluator of this.#evaluators) evaluator.begin?.();
    if (!this.#needs.total) return;
    const totals = this.#evaluators.filter((evaluator) => evaluator instanceof TotalEvaluator);
    const file = new SpillFile(this.#context.spill, "window");
    this.#spilled = file;
    for (let piece = await this.#source.next(); !piece.done; piece = await this.#source.next()) {
      const { columns, length } = piece.value;
      this.#total += length;
      for (const total of totals) await total.add(piece.value);
      await file.append(this.#context.memory, columns, length);
    }
    await file.flush();
    for (const total of totals) await total.finish();
    this.#source = this.#readBack(file);
  }

  async *#readBack(file: SpillFile): PartitionRows {
    const types = this.#columns.map(({ type }) => type);
    for (let i = 0; i < file.blocks; i++) {
      this.#pieceArena.free();
      const { rows, columns } = await file.read(i, types, this.#pieceArena);
      yield { length: rows, columns };
    }
    this.#pieceArena.free();
  }

  async #read(): Promise<void> {
    const piece = await this.#source.next();
    if (piece.done) {
      this.#ended = true;
      return;
    }
    const before = this.#rows.length;
    const { columns, length } = piece.value;
    const { memory } = this.#context;
    this.#rows.append(columns, 0, length);
    this.#marks = memory.resize(this.#marks, before + length, before);
    const all = this.#rows.batch().columns;
    const keys = this.#levels.map((positions) => positions.map((position) => all[position]!));
    noteChanges(memory, keys, before, before + length, this.#marks);
  }

  /** Up to where rows have all around them that they need. */
  #cut(): number {
    const { length } = this.#rows;
    if (this.#ended) return length;
    const limit = length - this.#needs.after;
    const { peers } = this.#needs;
    if (peers === undefined) return Math.max(this.#first, limit);
    const candidates = Math.min(limit, length - 1) - this.#first;
    if (candidates <= 0) return this.#first;
    const last = this.#context.memory.kernels.lastChange(this.#marks + this.#first + 1, candidates, peers);
    return this.#first + 1 + last;
  }

  /** Forgets what the rows to come do not look back at. */
  #dropBlock(): void {
    const block = this.#block;
    if (block === undefined) return;
    const { first, to } = block.place!;
    for (const orderKeys of this.#numbered) {
      const numbers = block.spanNumbers(orderKeys).numbers >>> 2;
      const { u32 } = this.#context.memory;
      const groups = u32[numbers + to - 1]! - u32[numbers + first]! + 1;
      this.#groups.set(orderKeys, (this.#groups.get(orderKeys) ?? 0) + groups);
    }
    this.#block = undefined;
    this.#blockArena.free();
    // At least one row stays, for the next one to be compared with.
    const from = Math.max(0, to - Math.max(1, this.#needs.before));
    const { columns, length } = this.#rows.batch();
    const rest = columns.map((column) => sliceVector(column, from, length) as FlatVector);
    this.#spare.append(rest, 0, length - from);
    this.#context.memory.u8.copyWithin(this.#marks, this.#marks + from, this.#marks + length);
    this.#context.memory.u8[this.#marks] = 0;
    this.#rows.clear();
    [this.#rows, this.#spare] = [this.#spare, this.#rows];
    this.#before += from;
    this.#first = to - from;
  }
}

function together(needs: readonly StreamNeeds[]): StreamNeeds {
  const peers = needs.flatMap((need) => (need.peers === undefined ? [] : [need.peers]));
  return {
    before: Math.max(0, ...needs.map(({ before }) => before)),
    after: Math.max(0, ...needs.map(({ after }) => after)),
    ...(peers.length > 0 && { peers: Math.min(...peers) }),
    total: needs.some(({ total }) => total),
  };
}
