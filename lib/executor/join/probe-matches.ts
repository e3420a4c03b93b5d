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

const emitsPairs: ReadonlySet<PhysicalJoinType> = new Set([
  "inner",
  "probe_outer",
  "build_outer",
  "full_outer",
  "probe_single",
]);

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
    const matched = this.flagsProbe ? this.#flags(batch.length) : 0;
    yield* this.pairs(batch, pieces, matched, buildMatched);
    yield* this.rest(batch, matched, unknown?.(matched) ?? 0);
  }

  /** Whether the result says more of probe rows than their pairs do: `pairs` then notes which have any, for `rest`. */
  get flagsProbe(): boolean {
    return this.#joinType.startsWith("probe") || this.#joinType === "full_outer";
  }

  /**
   * What pairs give by themselves, and notes who has any.
   * @param matched a byte for each probe row, where `flagsProbe`
   */
  async *pairs(
    batch: ProbeBatch,
    pieces: AsyncIterable<Piece>,
    matched: Ptr,
    buildMatched: () => Ptr,
  ): AsyncGenerator<Batch> {
    const { kernels } = this.#memory;
    const emitted = emitsPairs.has(this.#joinType);
    const noted = this.#joinType.startsWith("build") || this.#joinType === "full_outer";
    for await (const { pairs, count, every } of pieces) {
      if (count === 0) continue;
      if (noted) kernels.setOnes(pairs.buildRows, count, buildMatched());
      if (this.#joinType === "probe_single") {
        if (kernels.setOnesCount(pairs.probeRows, count, matched) > 0) {
          throw new QueryError("cardinality", "a scalar subquery gave more than one row");
        }
      } else if (matched !== 0) kernels.setOnes(pairs.probeRows, count, matched);
      if (!emitted) continue;
      const { probeRows, buildRows } = pairs;
      const rows = { probe: batch.columns, probeRows: every ? 0 : probeRows, buildRows, outer: false };
      yield this.#output.batch({ length: count, ...rows });
    }
  }

  /** What depends on whether probe rows have matches. `unsure`: 0, or bytes as of UnknownRows. */
  *rest(batch: ProbeBatch, matched: Ptr, unsure: Ptr): Generator<Batch> {
    const { length, columns: probe } = batch;
    switch (this.#joinType) {
      case "probe_outer":
      case "probe_single":
      case "full_outer":
      case "probe_semi":
      case "probe_anti": {
        // NOT IN keeps only what is certainly not there.
        if (unsure !== 0) this.#memory.kernels.eitherBytes(matched, unsure, length, matched);
        const wanted = this.#joinType === "probe_semi" ? 1 : 0;
        yield* this.#select(matched, length, wanted, (probeRows, count) => {
          return { length: count, probe, probeRows, buildRows: 0, outer: true };
        });
        return;
      }
      case "probe_mark": {
        const mark = this.#markOf(matched, unsure, length);
        yield this.#output.batch({ length, probe, probeRows: 0, buildRows: 0, outer: true, mark });
      }
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
