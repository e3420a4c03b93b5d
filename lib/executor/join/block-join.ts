/**
 * Joins a build side that does not fit in memory in blocks of it, each against all of the probe side, which waits in a
 * spill file: what is left where partitioning cannot help, since there is no key, or one key has too many rows.
 */
import type { DataType } from "../../arrow/types.ts";
import type { Batch, FlatVector } from "../../arrow/vector.ts";
import { Arena } from "../../kernels/arena.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { TaskContext } from "../operator/operator.ts";
import type { SpillFile } from "../spill/spill-blocks.ts";
import type { Piece, ProbeMatches } from "./probe-matches.ts";

/** Rows of the probe file: all of its columns. */
export interface SpilledBatch {
  readonly length: number;
  readonly columns: readonly FlatVector[];
}

export interface BuildBlocks {
  /** Brings the next block of build rows into memory; false at the end. */
  next(): Promise<boolean>;
  /** Rows of the block. */
  rows(): number;
  /** Bytes of the block's rows: which have matches. */
  matched(): Ptr;
  /** The pairs of a probe batch with the block's rows. */
  pieces(batch: SpilledBatch, unsure: Ptr): AsyncIterable<Piece>;
  /** Three-valued joins: marks in `unsure` the probe rows of which it is unknown whether they match. */
  readonly unknown?: (batch: SpilledBatch, matched: Ptr, unsure: Ptr) => void;
}

export interface BlockProbe {
  readonly file: SpillFile;
  readonly types: readonly DataType[];
  /** Makes the columns of the output's probe side of those of the file. */
  columns(batch: SpilledBatch): readonly FlatVector[];
}

/** One byte for each probe row, two for three-valued joins, is held in memory. */
export async function* joinByBlocks(
  context: TaskContext,
  matches: ProbeMatches,
  blocks: BuildBlocks,
  probe: BlockProbe,
  threeValued: boolean,
): AsyncGenerator<Batch> {
  const flags = new Arena(context.memory);
  const bytes = Math.max(1, probe.file.rows);
  const matched = matches.flagsProbe ? flags.allocZeroed(bytes) : 0;
  const unsure = threeValued ? flags.allocZeroed(bytes) : 0;
  const at = (base: Ptr, row: number) => (base === 0 ? 0 : base + row);
  try {
    while (await blocks.next()) {
      for await (const { batch, start } of probeBatches(context, probe)) {
        const rows = { length: batch.length, columns: probe.columns(batch) };
        const pieces = blocks.pieces(batch, at(unsure, start));
        yield* matches.pairs(rows, pieces, at(matched, start), () => blocks.matched());
        blocks.unknown?.(batch, at(matched, start), at(unsure, start));
      }
      yield* matches.buildRows(blocks.rows(), () => blocks.matched());
    }
    if (matched === 0) return;
    for await (const { batch, start } of probeBatches(context, probe)) {
      yield* matches.rest({ length: batch.length, columns: probe.columns(batch) }, matched + start, at(unsure, start));
    }
  } finally {
    flags.free();
  }
}

async function* probeBatches(
  context: TaskContext,
  { file, types }: BlockProbe,
): AsyncGenerator<{ batch: SpilledBatch; start: number }> {
  const arena = new Arena(context.memory);
  let start = 0;
  try {
    for (let i = 0; i < file.blocks; i++) {
      const { rows, columns } = await file.read(i, types, arena);
      yield { batch: { length: rows, columns }, start };
      start += rows;
      arena.free();
    }
  } finally {
    arena.free();
  }
}
