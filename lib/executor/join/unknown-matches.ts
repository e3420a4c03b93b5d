/**
 * Three-valued matching, for NOT IN and marks: a probe row that matches nothing may still match for all we know, when
 * its key is NULL and there is something to compare it with, or when a build key is NULL.
 */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import type { Vector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { TaskContext } from "../operator/operator.ts";
import type { BuildSide } from "./build-side.ts";
import { PairBuffer, type PairFilter } from "./join-pairs.ts";
import type { ProbeBatch } from "./probe-matches.ts";

const pairsMax = 2048;

export class UnknownMatches {
  readonly #memory: LinearMemory;
  readonly #side: BuildSide;
  readonly #keyPosition: number;
  readonly #filter: PairFilter | undefined;
  readonly #buffer: FlattenBuffer;
  readonly #bytes: GrowableBlock;
  readonly #pairs: PairBuffer;
  #buildRows = 0;
  #buildHasNull = false;
  #nullRows: number[] | undefined;

  constructor(context: TaskContext, side: BuildSide, keyPosition: number, filter: PairFilter | undefined) {
    this.#memory = context.memory;
    this.#side = side;
    this.#keyPosition = keyPosition;
    this.#filter = filter;
    this.#buffer = new FlattenBuffer(context.memory);
    this.#bytes = new GrowableBlock(context.memory);
    this.#pairs = new PairBuffer(context.memory);
  }

  /** Takes note of build keys, wherever their rows will be kept. */
  noteBuild(key: Vector): void {
    this.#buildRows += key.length;
    if (this.#buildHasNull) return;
    const { validity, length } = this.#buffer.flatten(key);
    this.#buildHasNull = validity !== 0 && this.#memory.kernels.countMarked(validity, length) < length;
  }

  /** The build side holds other rows than before. */
  newBlock(): void {
    this.#nullRows = undefined;
  }

  /** Bytes of the batch's rows: 1 = unknown. Only meant for rows that are not `matched`. 0 when there are none. */
  rows(batch: ProbeBatch, key: Vector, matched: Ptr): Ptr {
    if (this.#buildRows === 0) return 0;
    const { validity, length } = this.#buffer.flatten(key);
    if (validity === 0 && !this.#buildHasNull) return 0;
    const unknown = this.#bytes.ensure(length);
    const { u8 } = this.#memory;
    for (let row = 0; row < length; row++) {
      const isNull = validity !== 0 && u8[validity + row] === 0;
      u8[unknown + row] = isNull || this.#buildHasNull ? 1 : 0;
    }
    if (this.#filter) this.#confirm(batch, validity, matched, unknown);
    return unknown;
  }

  free(): void {
    this.#buffer.free();
    this.#bytes.free();
    this.#pairs.free();
  }

  /** With a condition, only build rows that meet it count: a row stays unknown if one of those it cannot be told from does. */
  #confirm(batch: ProbeBatch, validity: Ptr, matched: Ptr, unknown: Ptr): void {
    for (let row = 0; row < batch.length; row++) {
      const { u8 } = this.#memory;
      if (u8[unknown + row] === 0 || u8[matched + row] === 1) continue;
      const isNull = validity !== 0 && u8[validity + row] === 0;
      const candidates = isNull ? undefined : this.#rowsOfNullKeys();
      const met = this.#anyMeets(batch, row, candidates, candidates?.length ?? this.#side.rows);
      this.#memory.u8[unknown + row] = met ? 1 : 0;
    }
  }

  /** Whether some candidate (undefined: any build row) meets the condition together with the probe row. */
  #anyMeets(batch: ProbeBatch, row: number, candidates: readonly number[] | undefined, count: number): boolean {
    for (let start = 0; start < count; start += pairsMax) {
      const n = Math.min(pairsMax, count - start);
      const pairs = this.#pairs.ensure(n);
      const { u32 } = this.#memory;
      for (let i = 0; i < n; i++) {
        u32[(pairs.probeRows >>> 2) + i] = row;
        u32[(pairs.buildRows >>> 2) + i] = candidates ? candidates[start + i]! : start + i;
      }
      if (this.#filter!.keep(pairs, n, batch.columns, (position) => this.#side.column(position)) > 0) return true;
    }
    return false;
  }

  #rowsOfNullKeys(): readonly number[] {
    if (this.#nullRows) return this.#nullRows;
    const { validity, length } = this.#side.column(this.#keyPosition);
    const { u8 } = this.#memory;
    this.#nullRows = [];
    for (let row = 0; row < length; row++) if (validity !== 0 && u8[validity + row] === 0) this.#nullRows.push(row);
    return this.#nullRows;
  }
}
