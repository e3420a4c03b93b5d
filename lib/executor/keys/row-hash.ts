/** Hashes of rows that agree in every task and every process. */
import type { PhysicalKind } from "../../arrow/types.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

type RowHash = (values: Ptr, validity: Ptr, n: number, hashes: Ptr) => void;

/** Mixes a column into the rows' hashes (u32). Equal values of equal types give equal hashes in every process. */
export function hashRows(memory: LinearMemory, vector: FlatVector, hashes: Ptr): void {
  rowHash(memory, vector.physical)(vector.data, vector.validity, vector.length, hashes);
}

function rowHash({ kernels }: LinearMemory, physical: PhysicalKind): RowHash {
  switch (physical) {
    case "bool":
    case "i8":
      return kernels.hashRows1;
    case "i16":
      return kernels.hashRows2;
    case "i32":
      return kernels.hashRows4;
    case "i64":
      return kernels.hashRows8;
    case "i128":
      return kernels.hashRows16;
    case "f32":
      return kernels.hashRowsF32;
    case "f64":
      return kernels.hashRowsF64;
    case "interval":
      return kernels.hashRowsInterval;
    case "view":
      return kernels.hashRowsView;
  }
}
