/** Where a row's sort keys differ from those of the row before it: what partitions and peers are told from. */
import type { PhysicalKind } from "../../arrow/types.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

/** No key differs. */
const noChange = 255;

/** As the kernel numbers them. */
const kinds: Readonly<Record<PhysicalKind, number>> = {
  bool: 0,
  i8: 1,
  i16: 2,
  i32: 3,
  i64: 4,
  f32: 5,
  f64: 6,
  i128: 7,
  interval: 8,
  view: 9,
};

/**
 * changes[i] (u8) for rows [from, to): the first level in which row i differs from the row before; row 0 begins a partition.
 * @param levels the partition's keys, then each key of the order
 */
export function noteChanges(
  memory: LinearMemory,
  levels: readonly (readonly FlatVector[])[],
  from: number,
  to: number,
  changes: Ptr,
): void {
  memory.u8.fill(noChange, changes + from, changes + to);
  if (from === 0) memory.u8[changes] = 0;
  const first = Math.max(1, from);
  for (const [level, keys] of levels.entries()) {
    for (const { physical, data, validity } of keys) {
      memory.kernels.noteChanges(kinds[physical], data, validity, first, to, level, changes);
    }
  }
}
