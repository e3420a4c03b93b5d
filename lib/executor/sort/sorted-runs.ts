/** Sorted runs on the local disk: what an external merge sort writes and merges (Knuth, TAOCP 3, 5.4). */
import { IpcReader } from "../../arrow/ipc-read.ts";
import { IpcWriter } from "../../arrow/ipc-write.ts";
import type { DataType, Schema } from "../../arrow/types.ts";
import type { Batch } from "../../arrow/vector.ts";
import { giveBytes } from "../../storage/byte-buffers.ts";
import type { TaskContext } from "../operator/operator.ts";
import type { KeyOrder } from "./sort-keys.ts";
import { SortedMerge, type SortedSource } from "./sorted-merge.ts";

/** Runs merged at once: each holds a batch in memory. */
const fanIn = 16;

interface Run {
  readonly file: string;
  readonly messages: { readonly offset: number; readonly length: number }[];
}

export class SortedRuns {
  readonly #context: TaskContext;
  readonly #types: readonly DataType[];
  readonly #keyPositions: readonly number[];
  readonly #orders: readonly KeyOrder[];
  /** By level: fanIn runs of one level merge into one of the next. */
  readonly #levels: Run[][] = [];
  #count = 0;

  /** @param types of all columns, computed sort keys included @param keyPositions where the sort keys stand among them */
  constructor(
    context: TaskContext,
    types: readonly DataType[],
    keyPositions: readonly number[],
    orders: readonly KeyOrder[],
  ) {
    this.#context = context;
    this.#types = types;
    this.#keyPositions = keyPositions;
    this.#orders = orders;
  }

  /** How many runs were written, merged ones included. */
  get count(): number {
    return this.#count;
  }

  /** Writes one sorted run. */
  async add(batches: Iterable<Batch>): Promise<void> {
    await this.#place(await this.#write(batches), 0);
  }

  /** Merges all runs. The caller closes what it gets. */
  merge(types: readonly DataType[]): SortedMerge {
    // Higher levels hold earlier rows: so rows of equal keys keep their order.
    return this.#merge(this.#levels.toReversed().flat(), types);
  }

  /** Removes all runs. */
  async close(): Promise<void> {
    for (const { file } of this.#levels.flat()) await this.#context.spill.remove(file);
    this.#levels.length = 0;
    this.#count = 0;
  }

  async #place(run: Run, level: number): Promise<void> {
    this.#levels[level] ??= [];
    const runs = this.#levels[level];
    runs.push(run);
    if (runs.length < fanIn) return;
    const merge = this.#merge(runs, this.#types);
    try {
      const merged = await this.#write(batchesOf(merge));
      for (const { file } of runs.splice(0)) await this.#context.spill.remove(file);
      await this.#place(merged, level + 1);
    } finally {
      await merge.close();
    }
  }

  #merge(runs: readonly Run[], types: readonly DataType[]): SortedMerge {
    const sources = runs.map((run) => this.#source(run));
    const { memory, batchRows } = this.#context;
    return new SortedMerge(memory, sources, { types, orders: this.#orders, batchRows });
  }

  async #write(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Run> {
    const { memory, spill } = this.#context;
    const schema: Schema = { fields: this.#types.map((type, i) => ({ name: `${i}`, type, nullable: true })) };
    const writer = new IpcWriter(memory, schema);
    const run: Run = { file: spill.name("sort"), messages: [] };
    const add = async (message: Uint8Array) => {
      run.messages.push({ offset: await spill.append(run.file, message), length: message.length });
      giveBytes(message);
    };
    try {
      await add(writer.schemaMessage());
      for await (const batch of batches) await add(writer.batchMessage(batch));
    } finally {
      writer.free();
    }
    this.#count++;
    return run;
  }

  #source({ file, messages }: Run): SortedSource {
    const { memory, spill } = this.#context;
    const reader = new IpcReader(memory);
    const keyPositions = this.#keyPositions;
    const pieces = messages[Symbol.iterator]();
    return {
      async next() {
        for (const { offset, length } of pieces) {
          const [batch] = reader.batches(await spill.read(file, offset, length));
          if (batch) return { batch, keys: keyPositions.map((position) => batch.columns[position]!) };
        }
        return null;
      },
      async close() {
        reader.free();
      },
    };
  }
}

async function* batchesOf(merge: SortedMerge): AsyncGenerator<Batch> {
  for (let batch = await merge.next(); batch !== null; batch = await merge.next()) yield batch;
}
