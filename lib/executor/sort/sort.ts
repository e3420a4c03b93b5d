/** Sorts all rows; what does not fit in memory is sorted in runs on the local disk, which are then merged. */
import type { Batch } from "../../arrow/vector.ts";
import type { SortNode } from "../../physical/plan.ts";
import { columnPositions, type KeyColumns, keyColumns } from "../keys/key-columns.ts";
import type { Operator, TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import { SortBuffer } from "./sort-buffer.ts";
import type { SortedMerge } from "./sorted-merge.ts";
import { SortedRuns } from "./sorted-runs.ts";

/** A run has at least so many batches, however short memory is: many tiny runs would help nobody. */
const runBatchesMin = 4;

export class SortOperator extends OperatorBase {
  readonly #keys: KeyColumns;
  readonly #buffer: SortBuffer;
  readonly #runs: SortedRuns;
  /** Where the output's columns stand in the input. */
  readonly #positions: readonly number[];
  #left: number;
  #state: "filling" | "emitting" | "merging" = "filling";
  #emitted = 0;
  #merge: SortedMerge | undefined;

  constructor(context: TaskContext, node: SortNode, input: Operator) {
    super("sort", context, node.columns, [input]);
    this.#keys = keyColumns(
      node.keys.map(({ expr }) => expr),
      input.columns,
      context,
    );
    this.#positions = columnPositions(node.columns, input.columns);
    this.#buffer = new SortBuffer(context.memory, input.columns, node.keys, this.#keys);
    this.#runs = new SortedRuns(context, this.#buffer.types, this.#buffer.keyPositions, node.keys);
    this.#left = node.limit ?? Number.POSITIVE_INFINITY;
  }

  protected override async nextBatch(): Promise<Batch | null> {
    if (this.#state === "filling") await this.#fill();
    if (this.#left === 0) return null;
    const batch = this.#state === "merging" ? await this.#merge!.next() : this.#emit();
    if (batch === null) return null;
    const length = Math.min(batch.length, this.#left);
    this.#left -= length;
    return { length, columns: this.#positions.map((position) => ({ ...batch.columns[position]!, length })) };
  }

  protected override async closeSelf(): Promise<void> {
    await this.#merge?.close();
    await this.#runs.close();
    this.#buffer.free();
    this.#keys.close();
  }

  async #fill(): Promise<void> {
    const input = this.children[0]!;
    for (let batch = await input.next(); batch !== null; batch = await input.next()) {
      if (this.#full()) await this.#spill();
      this.#buffer.append(batch);
    }
    if (this.#runs.count === 0) {
      this.#buffer.sort();
      this.#state = "emitting";
      return;
    }
    await this.#spill();
    this.#state = "merging";
    this.#merge = this.#runs.merge(this.#buffer.types.slice(0, this.children[0]!.columns.length));
  }

  #full(): boolean {
    if (this.#buffer.length < runBatchesMin * this.context.batchRows) return false;
    // Growing may double a column, and sorting comes on top.
    return this.context.wouldExceed(this.#buffer.bytes);
  }

  async #spill(): Promise<void> {
    if (this.#buffer.length === 0) return;
    const before = this.context.spill.bytesWritten;
    this.#buffer.sort();
    await this.#runs.add(this.#sortedBatches());
    this.#buffer.clear();
    this.count("spilledRuns");
    this.count("spilledBytes", this.context.spill.bytesWritten - before);
  }

  *#sortedBatches(): Generator<Batch> {
    const { length } = this.#buffer;
    const { batchRows } = this.context;
    for (let from = 0; from < length; from += batchRows) {
      yield this.#buffer.batch(from, Math.min(length, from + batchRows));
    }
  }

  #emit(): Batch | null {
    const from = this.#emitted;
    const to = Math.min(this.#buffer.length, from + this.context.batchRows);
    this.#emitted = to;
    return from === to ? null : this.#buffer.batch(from, to);
  }
}
