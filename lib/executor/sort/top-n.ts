/**
 * The first rows of a sort: keeps twice as many as wanted at most, prunes to the wanted ones whenever that is passed, and
 * from then on drops rows of the input that come after the last of them.
 */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { physicalKind } from "../../arrow/types.ts";
import type { Batch, Vector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { SortNode } from "../../physical/plan.ts";
import { columnPositions, type KeyColumns, keyColumns } from "../keys/key-columns.ts";
import type { Operator, TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import { SortBuffer } from "./sort-buffer.ts";
import { SortKeyEncoder } from "./sort-keys.ts";

/** Beyond this a full sort (which can spill) does it. */
export const topRowsMax = 100_000;

export class TopNOperator extends OperatorBase {
  readonly #limit: number;
  readonly #keys: KeyColumns;
  readonly #buffer: SortBuffer;
  readonly #encoder: SortKeyEncoder;
  readonly #flatten: readonly FlattenBuffer[];
  readonly #cutOff: GrowableBlock;
  readonly #rows: GrowableBlock;
  /** Where the output's columns stand in the input. */
  readonly #positions: readonly number[];
  #cutOffBytes = 0;
  #filled = false;
  #emitted = 0;

  constructor(context: TaskContext, node: SortNode & { readonly limit: number }, input: Operator) {
    super("top_n", context, node.columns, [input]);
    this.#limit = node.limit;
    this.#keys = keyColumns(
      node.keys.map(({ expr }) => expr),
      input.columns,
      context,
    );
    this.#positions = columnPositions(node.columns, input.columns);
    this.#buffer = new SortBuffer(context.memory, input.columns, node.keys, this.#keys);
    this.#encoder = new SortKeyEncoder(context.memory, node.keys);
    this.#flatten = node.keys.map(() => new FlattenBuffer(context.memory));
    this.#cutOff = new GrowableBlock(context.memory);
    this.#rows = new GrowableBlock(context.memory);
  }

  protected override async nextBatch(): Promise<Batch | null> {
    if (!this.#filled) await this.#fill();
    const from = this.#emitted;
    const to = Math.min(this.#buffer.length, this.#limit, from + this.context.batchRows);
    if (from >= to) return null;
    this.#emitted = to;
    const { length, columns } = this.#buffer.batch(from, to);
    return { length, columns: this.#positions.map((position) => columns[position]!) };
  }

  protected override async closeSelf(): Promise<void> {
    this.#buffer.free();
    this.#encoder.free();
    for (const buffer of this.#flatten) buffer.free();
    this.#cutOff.free();
    this.#rows.free();
    this.#keys.close();
  }

  async #fill(): Promise<void> {
    this.#filled = true;
    if (this.#limit === 0) return;
    const input = this.children[0]!;
    const pruneAt = Math.max(this.#limit * 2, this.#limit + 4 * this.context.batchRows);
    for (let batch = await input.next(); batch !== null; batch = await input.next()) {
      this.#add(batch);
      if (this.#buffer.length >= pruneAt) this.#prune();
    }
    this.#buffer.sort();
  }

  #add(batch: Batch): void {
    if (this.#cutOffBytes === 0) {
      this.#buffer.append(batch);
      return;
    }
    const { kernels } = this.context.memory;
    const keys = this.#keys.evaluate(batch);
    const { starts } = this.#encode(keys, batch.length);
    const ptr = this.#rows.ensure(batch.length * 4);
    const count = kernels.rowsBefore(starts, batch.length, this.#cutOff.ensure(0), this.#cutOffBytes, ptr);
    this.count("rowsCutOff", batch.length - count);
    if (count > 0) this.#buffer.append(batch, { ptr, count }, keys);
  }

  #prune(): void {
    this.#buffer.sort();
    this.#buffer.keepFirst(this.#limit);
    const last = this.#encode(this.#buffer.lastKeys(), 1);
    const key = this.#encoder.key(last, 0);
    this.context.memory.u8.set(key, this.#cutOff.ensure(key.length));
    this.#cutOffBytes = key.length;
  }

  /** Keys in one layout for all batches: wide decimals wide, and always with room for NULL. */
  #encode(keys: readonly Vector[], count: number) {
    const flat = keys.map((key, index) => this.#flatten[index]!.toPhysical(key, physicalKind(key.type)));
    return this.#encoder.encode(flat, count, true);
  }
}
