/** The kernels that move values of a width in bytes. */
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

type Widths = 1 | 2 | 4 | 8 | 16;

function byWidth<K>(width: number, kernels: Readonly<Record<Widths, K>>): K {
  return kernels[width as Widths];
}

/** out[i] = pick[i] ? a[i] : b[i]. */
export function blend(
  { kernels: k }: LinearMemory,
  width: number,
): (pick: Ptr, a: Ptr, b: Ptr, n: number, out: Ptr) => void {
  return byWidth(width, { 1: k.blend1, 2: k.blend2, 4: k.blend4, 8: k.blend8, 16: k.blend16 });
}

/** out[rows[i]] = values[i]. */
export function scatter(
  { kernels: k }: LinearMemory,
  width: number,
): (values: Ptr, rows: Ptr, n: number, out: Ptr) => void {
  return byWidth(width, { 1: k.scatter1, 2: k.scatter2, 4: k.scatter4, 8: k.scatter8, 16: k.scatter16 });
}

/** out[i] = *value. */
export function repeat({ kernels: k }: LinearMemory, width: number): (value: Ptr, n: number, out: Ptr) => void {
  return byWidth(width, { 1: k.repeat1, 2: k.repeat2, 4: k.repeat4, 8: k.repeat8, 16: k.repeat16 });
}
