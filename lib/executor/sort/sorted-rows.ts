/** Rows that are collected first and then read in order, once; those that are too many wait in sorted runs on the disk. */
import type { Value } from "../../arrow/value.ts";
import { readValue } from "../../arrow/value-access.ts";
import type { Batch } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Column, SortKey } from "../../expr/expr.ts";
import type { Ptr } from "../../kernels/memory.ts";
import { type KeyColumns, keyColumns } from "../keys/key-columns.ts";
import type { TaskContext } from "../operator/operator.ts";
import { SortBuffer } from "./sort-buffer.ts";
import { SortedRuns } from "./sorted-runs.ts";

/** Reads a column of the current row. */
export type ReadColumn = (column: number) => Value;

export class SortedRows {
  readonly #context: TaskContext;
  readonly #keys: KeyColumns;
  readonly #buffer: SortBuffer;
  readonly #runs: SortedRuns;
  #batches: AsyncGenerator<Batch> | undefined;
  #batch: Batch = { length: 0, columns: [] };
  /** The next row of the batch. */
  #at = 0;

  /** @param keys columns, all of them: none is computed */
  constructor(context: TaskContext, columns: readonly Column[], keys: readonly SortKey[]) {
    this.#context = context;
    this.#keys = keyColumns(
      keys.map(({ expr }) => expr),
      columns,
      context,
    );
    this.#buffer = new SortBuffer(context.memory, columns, keys, this.#keys);
    this.#runs = new SortedRuns(context, this.#buffer.types, this.#buffer.keyPositions, keys);
  }

  /** Rows in memory. */
  get length(): number {
    return this.#buffer.length;
  }

  /** Bytes of the rows in memory, with what sorting them will take on top. */
  get bytes(): number {
    return this.#buffer.bytes;
  }

  append(batch: Batch, rows?: { readonly ptr: Ptr; readonly count: number }): void {
    if (rows?.count !== 0) this.#buffer.append(batch, rows);
  }

  /** Moves the rows in memory to the disk; returns the bytes written. */
  async relieve(): Promise<number> {
    if (this.#buffer.length === 0) return 0;
    const { spill } = this.#context;
    const before = spill.bytesWritten;
    this.#buffer.sort();
    await this.#runs.add(this.#inMemory(this.#context.batchRows));
    this.#buffer.clear();
    return spill.bytesWritten - before;
  }

  /** All rows in order. A batch is valid until the next. */
  async *drain(): AsyncGenerator<Batch> {
    if (this.#runs.count === 0) {
      if (this.#buffer.length === 0) return;
      this.#buffer.sort();
      yield* this.#inMemory(this.#context.batchRows);
      return;
    }
    await this.relieve();
    const merge = this.#runs.merge(this.#buffer.types);
    try {
      for (let batch = await merge.next(); batch !== null; batch = await merge.next()) yield batch;
    } finally {
      await merge.close();
    }
  }

  /** Reads the next row and stays before it. */
  async peek<T>(look: (read: ReadColumn) => T): Promise<T> {
    await this.#load();
    return look(this.#reader(this.#at));
  }

  /** Passes the next `count` rows by, and shows those whose numbers, from 0, are wanted: all of them by default. */
  async visit(
    count: number,
    show: (read: ReadColumn, row: number) => void,
    wanted?: ReadonlySet<number>,
  ): Promise<void> {
    for (let done = 0; done < count; ) {
      await this.#load();
      const n = Math.min(count - done, this.#batch.length - this.#at);
      const rows = wanted ? [...wanted].filter((row) => row >= done && row < done + n) : numbers(done, done + n);
      for (const row of rows) show(this.#reader(this.#at + row - done), row);
      this.#at += n;
      done += n;
    }
  }

  /** Forgets all rows. */
  async clear(): Promise<void> {
    await this.#batches?.return(undefined);
    this.#batches = undefined;
    await this.#runs.close();
    this.#buffer.clear();
    this.#batch = { length: 0, columns: [] };
    this.#at = 0;
  }

  free(): void {
    this.#buffer.free();
    this.#keys.close();
  }

  /** Makes sure that there is a current row. */
  async #load(): Promise<void> {
    while (this.#at >= this.#batch.length) {
      this.#batches ??= this.drain();
      const { value, done } = await this.#batches.next();
      if (done) throw new QueryError("internal", "sorted rows end too early");
      this.#batch = value;
      this.#at = 0;
    }
  }

  #reader(row: number): ReadColumn {
    const { memory } = this.#context;
    return (column) => readValue(memory, this.#batch.columns[column]!, row);
  }

  *#inMemory(batchRows: number): Generator<Batch> {
    const { length } = this.#buffer;
    for (let from = 0; from < length; from += batchRows) {
      yield this.#buffer.batch(from, Math.min(length, from + batchRows));
    }
  }
}

function* numbers(from: number, to: number): Generator<number> {
  for (let n = from; n < to; n++) yield n;
}
