/**
 * What probe rows found, by join type: from pairs (in pieces, so that a key with many rows cannot blow up a batch) to
 * output batches. The same for hash joins and nested loops, which differ in how they make pairs.
 */
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Column } from "../../expr/expr.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { PhysicalJoinType } from "../../physical/plan.ts";
import type { JoinOutput } from "./join-output.ts";
import type { Pairs } from "./join-pairs.ts";

/** Pairs of the current probe batch that match, a piece at a time. */
export interface Piece {
  readonly pairs: Pairs;
  readonly count: number;
  /** The probe rows are all rows of the batch, each once. */
  readonly every?: boolean;
}

export interface ProbeBatch {
  readonly length: number;
  readonly columns: readonly Vector[];
}

/** Bytes of a batch's probe rows: 1 = it is unknown whether the row matches (three-valued joins). 0: none is. */
export type UnknownRows = (matched: Ptr) => Ptr;

export class ProbeMatches {
  readonly #memory: LinearMemory;
  readonly #joinType: PhysicalJoinType;
  readonly #output: JoinOutput;
  readonly #batchRows: number;
  readonly #mark: Column | undefined;
  readonly #matched: GrowableBlock;
  readonly #rows: GrowableBlock;
  readonly #validity: GrowableBlock;
  readonly #cursor: Ptr;

  constructor(
    memory: LinearMemory,
    joinType: PhysicalJoinType,
    output: JoinOutput,
    batchRows: number,
    mark: Column | undefined,
  ) {
    this.#memory = memory;
    this.#joinType = joinType;
    this.#output = output;
    this.#batchRows = batchRows;
    this.#mark = mark;
    this.#matched = new GrowableBlock(memory);
    this.#rows = new GrowableBlock(memory);
    this.#validity = new GrowableBlock(memory);
    this.#cursor = memory.alloc(8);
  }

  /**
   * The output of one probe batch.
   * @param buildMatched bytes of the build rows, set where one matches; for the types that emit build rows
   */
  async *join(
    batch: ProbeBatch,
    pieces: AsyncIterable<Piece>,
    buildMatched: () => Ptr,
    unknown?: UnknownRows,
  ): AsyncGenerator<Batch> {
    switch (this.#joinType) {
      case "inner":
        yield* this.#emitPairs(batch, pieces);
        return;
      case "build_outer":
        yield* this.#emitPairs(batch, this.#noting(pieces, buildMatched()));
        return;
      case "build_semi":
      case "build_anti":
        for await (const _ of this.#noting(pieces, buildMatched()));
        return;
      case "full_outer":
        yield* this.#emitOuter(batch, this.#noting(pieces, buildMatched()));
        return;
      case "probe_outer":
      case "probe_single":
        yield* this.#emitOuter(batch, pieces);
        return;
      case "probe_semi":
      case "probe_anti":
      case "probe_mark":
        yield* this.#emitProbe(batch, pieces, unknown);
    }
  }

  /** After all probe rows: the build rows that are part of the result by themselves. */
  *buildRows(rows: number, matched: () => Ptr): Generator<Batch> {
    const type = this.#joinType;
    if (type !== "build_outer" && type !== "full_outer" && type !== "build_semi" && type !== "build_anti") return;
    yield* this.#select(matched(), rows, type === "build_semi" ? 1 : 0, (buildRows, length) => {
      return { length, probe: undefined, probeRows: 0, buildRows, outer: false };
    });
  }

  free(): void {
    for (const block of [this.#matched, this.#rows, this.#validity]) block.free();
    this.#memory.free(this.#cursor);
  }

  async *#emitPairs(batch: ProbeBatch, pieces: AsyncIterable<Piece>): AsyncGenerator<Batch> {
    for await (const { pairs, count, every } of pieces) {
      if (count === 0) continue;
      const rows = this.#pairRows(batch, pairs, count);
      yield this.#output.batch(every ? { ...rows, probeRows: 0 } : rows);
    }
  }

  #pairRows(batch: ProbeBatch, { probeRows, buildRows }: Pairs, length: number) {
    return { length, probe: batch.columns, probeRows, buildRows, outer: false };
  }

  async *#noting(pieces: AsyncIterable<Piece>, buildMatched: Ptr): AsyncGenerator<Piece> {
    for await (const piece of pieces) {
      this.#memory.kernels.setOnes(piece.pairs.buildRows, piece.count, buildMatched);
      yield piece;
    }
  }

  async *#emitOuter(batch: ProbeBatch, pieces: AsyncIterable<Piece>): AsyncGenerator<Batch> {
    const matched = this.#flags(batch.length);
    for await (const { pairs, count } of pieces) {
      const again = this.#memory.kernels.setOnesCount(pairs.probeRows, count, matched);
      if (again > 0 && this.#joinType === "probe_single") {
        throw new QueryError("cardinality", "a scalar subquery gave more than one row");
      }
      if (count > 0) yield this.#output.batch(this.#pairRows(batch, pairs, count));
    }
    yield* this.#select(matched, batch.length, 0, (probeRows, length) => {
      return { length, probe: batch.columns, probeRows, buildRows: 0, outer: true };
    });
  }

  async *#emitProbe(batch: ProbeBatch, pieces: AsyncIterable<Piece>, unknown?: UnknownRows): AsyncGenerator<Batch> {
    const { kernels } = this.#memory;
    const matched = this.#flags(batch.length);
    for await (const { pairs, count } of pieces) kernels.setOnes(pairs.probeRows, count, matched);
    const unsure = unknown?.(matched) ?? 0;
    const probe = batch.columns;
    if (this.#joinType === "probe_mark") {
      yield this.#output.batch({
        length: batch.length,
        probe,
        probeRows: 0,
        buildRows: 0,
        outer: true,
        mark: this.#markOf(matched, unsure, batch.length),
      });
      return;
    }
    // NOT IN keeps only what is certainly not there.
    if (unsure !== 0) kernels.eitherBytes(matched, unsure, batch.length, matched);
    yield* this.#select(matched, batch.length, this.#joinType === "probe_semi" ? 1 : 0, (probeRows, length) => {
      return { length, probe, probeRows, buildRows: 0, outer: true };
    });
  }

  #markOf(matched: Ptr, unsure: Ptr, length: number): FlatVector {
    let validity: Ptr = 0;
    if (unsure !== 0) {
      validity = this.#validity.ensure(length);
      this.#memory.kernels.knownBytes(matched, unsure, length, validity);
    }
    return { kind: "flat", type: this.#mark!.type, physical: "bool", length, data: matched, validity };
  }

  #flags(length: number): Ptr {
    const matched = this.#matched.ensure(length);
    this.#memory.u8.fill(0, matched, matched + length);
    return matched;
  }

  /** Batches of the rows whose byte is `wanted`. */
  *#select(
    bytes: Ptr,
    length: number,
    wanted: 0 | 1,
    rowsOf: (rows: Ptr, count: number) => Parameters<JoinOutput["batch"]>[0],
  ): Generator<Batch> {
    const room = Math.max(this.#batchRows, 1);
    let next = 0;
    while (next < length) {
      this.#memory.u32[this.#cursor >>> 2] = next;
      const rows = this.#rows.ensure(room * 4);
      const count = this.#memory.kernels.selectBytes(bytes, this.#cursor, length, wanted, room, rows);
      next = this.#memory.u32[this.#cursor >>> 2]!;
      if (count > 0) yield this.#output.batch(rowsOf(rows, count));
    }
  }
}
