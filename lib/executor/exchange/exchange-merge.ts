/** Reads sorted outputs of other stages' tasks as one sorted stream. */
import type { Batch } from "../../arrow/vector.ts";
import type { SortKey } from "../../expr/expr.ts";
import type { ExchangeReadNode } from "../../physical/plan.ts";
import type { PartitionSlice } from "../../stages/graph.ts";
import { keyColumns } from "../keys/key-columns.ts";
import type { TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import { SortedMerge, type SortedSource } from "../sort/sorted-merge.ts";
import { exchangeBatches, exchangeSlices } from "./exchange-read.ts";

export class ExchangeMergeOperator extends OperatorBase {
  readonly #slices: readonly PartitionSlice[];
  readonly #merge: readonly SortKey[];
  readonly #counters = { requests: 0, bytes: 0 };
  #merged: SortedMerge | undefined;

  constructor(context: TaskContext, node: ExchangeReadNode & { readonly merge: readonly SortKey[] }) {
    super("exchange_merge", context, node.columns);
    this.#slices = exchangeSlices(context, node);
    this.#merge = node.merge;
  }

  protected override async openSelf(): Promise<void> {
    const { memory, batchRows } = this.context;
    const types = this.columns.map(({ type }) => type);
    const sources = this.#slices.map((slice) => this.#source(slice));
    this.#merged = new SortedMerge(memory, sources, { types, orders: this.#merge, batchRows });
  }

  protected override nextBatch(): Promise<Batch | null> {
    return this.#merged!.next();
  }

  protected override async closeSelf(): Promise<void> {
    await this.#merged?.close();
    this.count("requests", this.#counters.requests);
    this.count("bytesRead", this.#counters.bytes);
  }

  #source(slice: PartitionSlice): SortedSource {
    const batches = exchangeBatches(this.context, this.columns, [slice], this.#counters);
    const exprs = this.#merge.map(({ expr }) => expr);
    const keys = keyColumns(exprs, this.columns, this.context);
    return {
      async next() {
        const { value, done } = await batches.next();
        return done ? null : { batch: value, keys: keys.evaluate(value) };
      },
      async close() {
        keys.close();
        await batches.return(undefined);
      },
    };
  }
}
