/** Where the answer of a finished query lies: in memory when it is small, else where its tasks wrote it. */
import type { QueryRunResult } from "../embedded/cluster.ts";
import { QueryError } from "../errors.ts";
import { readSlice, readSlicePart, sliceMessages } from "../shuffle/reader.ts";
import type { PartitionSlice } from "../stages/graph.ts";

/** Answers up to this size are read at once, and nothing of them stays on the disk. */
const memoryBytesMax = 4 << 20;

export interface AnswerSlice {
  readonly rows: number;
  readonly bytes: number;
  /** All of it, checked, or the bytes [from, to). */
  read(range?: { readonly from: number; readonly to: number }): Promise<Uint8Array>;
}

export class StoredAnswer {
  readonly #run: QueryRunResult;
  readonly #slices: readonly PartitionSlice[];
  /** The streams, when they are in memory. */
  readonly #streams: readonly Uint8Array[] | undefined;

  private constructor(run: QueryRunResult, slices: readonly PartitionSlice[], streams?: readonly Uint8Array[]) {
    this.#run = run;
    this.#slices = slices;
    this.#streams = streams;
  }

  static async of(run: QueryRunResult): Promise<StoredAnswer> {
    const slices = resultSlices(run);
    if (slices.reduce((sum, { length }) => sum + length, 0) > memoryBytesMax) return new StoredAnswer(run, slices);
    try {
      const streams = await Promise.all(slices.map((slice) => readSlice(run.objects, slice)));
      return new StoredAnswer(run, slices, streams);
    } finally {
      await run.release();
    }
  }

  /** One Arrow IPC stream for each task that gave rows, in parts of whole messages; a part is valid until the next. */
  async *messages(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (this.#streams) return yield* this.#streams;
    try {
      yield* sliceMessages(this.#run.objects, this.#slices, { signal });
    } catch (thrown) {
      if (signal.aborted) throw QueryError.from(signal.reason);
      const error = QueryError.from(thrown);
      if (error.code !== "not_found") throw error;
      throw new QueryError("cancelled", "the session was closed before all of the answer was read", { cause: thrown });
    }
  }

  /** Each of those streams by itself. */
  slices(): readonly AnswerSlice[] {
    return this.#slices.map((slice, i) => ({
      rows: slice.rows,
      bytes: slice.length,
      read: async (range) => {
        const stream = this.#streams?.[i];
        if (stream) return range ? stream.subarray(range.from, range.to) : stream;
        return range ? readSlicePart(this.#run.objects, slice, range) : readSlice(this.#run.objects, slice);
      },
    }));
  }

  /** Gives the place on the disk back; the answer cannot be read then, unless it is in memory. */
  async release(): Promise<void> {
    if (!this.#streams) await this.#run.release();
  }
}

/** The output of the last stage, in the order of its tasks. */
function resultSlices({ state }: QueryRunResult): readonly PartitionSlice[] {
  const slices = state.stages
    .at(-1)!
    .tasks.flatMap(({ win }) =>
      win!.result.partitions.map((slice): PartitionSlice => ({ ...slice, key: win!.result.key })),
    );
  return slices.filter((slice) => slice.rows > 0);
}
