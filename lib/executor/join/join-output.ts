/** Output batches of a join: selections over both sides, made lazily. */
import { RowSelector } from "../../arrow/select-rows.ts";
import { type DataType, physicalKind } from "../../arrow/types.ts";
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { type JoinColumn, noRow, selectBuild } from "./join-pairs.ts";

export interface JoinRows {
  readonly length: number;
  /** The probe side's columns; undefined: its columns are NULL. */
  readonly probe: readonly Vector[] | undefined;
  /** u32 rows of the probe side; 0: its rows as they are. */
  readonly probeRows: Ptr;
  /** u32 rows of the build side, noRow among them when `outer`; 0: its columns are NULL. */
  readonly buildRows: Ptr;
  readonly outer: boolean;
  readonly mark?: Vector;
}

export class JoinOutput {
  readonly #memory: LinearMemory;
  readonly #columns: readonly JoinColumn[];
  readonly #build: (position: number) => FlatVector;
  readonly #selector: RowSelector;
  readonly #none: GrowableBlock;
  readonly #empty: Ptr;

  constructor(memory: LinearMemory, columns: readonly JoinColumn[], build: (position: number) => FlatVector) {
    this.#memory = memory;
    this.#columns = columns;
    this.#build = build;
    this.#selector = new RowSelector(memory);
    this.#none = new GrowableBlock(memory);
    this.#empty = memory.allocZeroed(64);
  }

  batch(rows: JoinRows): Batch {
    const { length, probe, probeRows, buildRows, outer } = rows;
    if (probeRows !== 0) this.#selector.begin(probeRows, length);
    const columns = this.#columns.map((column): Vector => {
      if (column.side === "mark") return rows.mark!;
      if (column.side === "build") {
        return buildRows === 0
          ? this.#nulls(column.type, length)
          : selectBuild(this.#build(column.position), buildRows, length, outer);
      }
      if (probe === undefined) return this.#nulls(column.type, length);
      const vector = probe[column.position]!;
      return probeRows === 0 ? vector : this.#selector.select(vector);
    });
    return { length, columns };
  }

  free(): void {
    this.#selector.free();
    this.#none.free();
    this.#memory.free(this.#empty);
  }

  #nulls(type: DataType, length: number): Vector {
    const selection = this.#none.ensure(length * 4);
    this.#memory.kernels.fill4(noRow, length, selection);
    const base: FlatVector = {
      kind: "flat",
      type,
      physical: physicalKind(type),
      length: 0,
      data: this.#empty,
      validity: 0,
    };
    return selectBuild(base, selection, length, true);
  }
}
