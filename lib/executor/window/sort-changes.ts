/** Where a row's sort keys differ from those of the row before it: what partitions and peers are told from. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { physicalKind } from "../../arrow/types.ts";
import type { Vector } from "../../arrow/vector.ts";
import type { SortKey } from "../../expr/expr.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { SortKeyEncoder } from "../sort/sort-keys.ts";

/** No key differs. */
export const noChange = 255;

/** Follows one stream of rows, batch by batch. */
export class SortChanges {
  readonly #memory: LinearMemory;
  readonly #levels: readonly Level[];
  #first = true;

  /** @param levels keys whose changes are told apart: those of the partition, then each key of the order */
  constructor(memory: LinearMemory, levels: readonly (readonly SortKey[])[]) {
    this.#memory = memory;
    this.#levels = levels.map((keys) => new Level(memory, keys));
  }

  /** changes[i] (u8): the first level in which row i differs from the one before it; the first row of all begins a partition. */
  note(keys: readonly (readonly Vector[])[], rows: number, changes: Ptr): void {
    this.#memory.u8.fill(noChange, changes, changes + rows);
    for (const [level, part] of this.#levels.entries()) part.note(keys[level]!, rows, level, changes);
    if (this.#first && rows > 0) this.#memory.u8[changes] = 0;
    this.#first = false;
  }

  free(): void {
    for (const level of this.#levels) level.free();
  }
}

class Level {
  readonly #memory: LinearMemory;
  readonly #encoder: SortKeyEncoder;
  readonly #flatten: readonly FlattenBuffer[];
  readonly #previous: GrowableBlock;
  #previousBytes = 0;

  constructor(memory: LinearMemory, keys: readonly SortKey[]) {
    this.#memory = memory;
    this.#encoder = new SortKeyEncoder(memory, keys);
    this.#flatten = keys.map(() => new FlattenBuffer(memory));
    this.#previous = new GrowableBlock(memory);
  }

  note(keys: readonly Vector[], rows: number, level: number, changes: Ptr): void {
    if (keys.length === 0 || rows === 0) return;
    const flat = keys.map((key, i) => this.#flatten[i]!.toPhysical(key, physicalKind(key.type)));
    const encoded = this.#encoder.encode(flat, rows, true);
    const previous = this.#previous.ensure(0);
    this.#memory.kernels.noteChanges(encoded.starts, rows, previous, previous + this.#previousBytes, level, changes);
    const last = this.#encoder.key(encoded, rows - 1);
    this.#memory.u8.set(last, this.#previous.ensure(last.length));
    this.#previousBytes = last.length;
  }

  free(): void {
    this.#encoder.free();
    this.#previous.free();
    for (const buffer of this.#flatten) buffer.free();
  }
}
