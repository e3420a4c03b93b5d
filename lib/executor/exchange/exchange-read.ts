/** Reads what other stages' tasks wrote for this one. */

import { IpcReader } from "../../arrow/ipc-read.ts";
import type { IpcField } from "../../arrow/ipc-schema.ts";
import { sliceBatch } from "../../arrow/slice.ts";
import { sameType, typeName } from "../../arrow/types.ts";
import type { Batch } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Column } from "../../expr/expr.ts";
import type { ExchangeReadNode } from "../../physical/plan.ts";
import { sliceMessages } from "../../shuffle/reader.ts";
import { exchangeKey, type PartitionSlice } from "../../stages/graph.ts";
import type { TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";

export class ExchangeReadOperator extends OperatorBase {
  readonly #slices: readonly PartitionSlice[];
  readonly #counters = { requests: 0, bytes: 0 };
  #batches: AsyncGenerator<Batch> | undefined;

  constructor(context: TaskContext, node: ExchangeReadNode) {
    super("exchange_read", context, node.columns);
    this.#slices = exchangeSlices(context, node);
  }

  protected override async openSelf(): Promise<void> {
    this.#batches = exchangeBatches(this.context, this.columns, this.#slices, this.#counters);
  }

  protected override async nextBatch(): Promise<Batch | null> {
    const { value, done } = await this.#batches!.next();
    return done ? null : value;
  }

  protected override async closeSelf(): Promise<void> {
    await this.#batches?.return(undefined);
    this.count("requests", this.#counters.requests);
    this.count("bytesRead", this.#counters.bytes);
  }
}

export function exchangeSlices(context: TaskContext, node: ExchangeReadNode): readonly PartitionSlice[] {
  return context.task.exchanges[exchangeKey(node)] ?? [];
}

/** The batches of some slices, one after the other; each is valid until the next. */
export async function* exchangeBatches(
  context: TaskContext,
  columns: readonly Column[],
  slices: readonly PartitionSlice[],
  counters: { requests: number; bytes: number },
): AsyncGenerator<Batch> {
  const reader = new IpcReader(context.memory);
  try {
    for await (const stream of sliceMessages(context.shuffle, slices, { signal: context.signal, counters })) {
      for (const batch of reader.batches(stream, (fields) => checkFields(columns, fields))) {
        for (let from = 0; from < batch.length; from += context.batchRows) {
          yield sliceBatch(batch, from, Math.min(batch.length, from + context.batchRows));
        }
      }
    }
  } finally {
    reader.free();
  }
}

function checkFields(columns: readonly Column[], fields: readonly IpcField[]): void {
  const same = fields.length === columns.length && fields.every(({ type }, i) => sameType(type, columns[i]!.type));
  if (same) return;
  const names = (list: readonly (Column | IpcField)[]) => list.map(({ type }) => typeName(type)).join(", ");
  throw new QueryError("internal", `an exchange carries (${names(fields)}) where (${names(columns)}) is wanted`);
}
