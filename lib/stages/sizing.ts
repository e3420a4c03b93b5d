/** How many tasks a scan is worth, and which task reads which slice of it. */
import type { CatalogSnapshot, Table, TableFile } from "../catalog/table.ts";
import type { ScanNode } from "../physical/plan.ts";
import type { ScanSplit } from "./graph.ts";
import { pruneFiles } from "./prune-files.ts";

export interface SizingOptions {
  readonly snapshot: CatalogSnapshot;
  /** Tasks that can run at once. */
  readonly slots: number;
  /** A scan gets another task for each so many bytes it reads, up to `slots`. */
  readonly taskBytesMin: number;
  /** A task reads at most about so many bytes: past that, more tasks than slots. */
  readonly taskBytesMax: number;
  /** Fewer rows than this are not hashed over several tasks. */
  readonly partitionRowsMin: number;
  /** Past that, a partition for each so many rows, up to `slots`. */
  readonly partitionRows: number;
  /** A partition holds at most about so many rows. */
  readonly partitionRowsMax: number;
  /** Fewer rows than this are not sorted in ranges, but merged by one task. */
  readonly rangeRowsMin: number;
  /** Testing: every hash or range exchange has exactly so many partitions. */
  readonly partitions?: number;
  /** A broadcast build side that reads at most so many bytes is computed by each task. */
  readonly replicateBytesMax: number;
}

export const defaultSizing = {
  taskBytesMin: 1 << 20,
  taskBytesMax: 1 << 30,
  partitionRowsMin: 50_000,
  // Threads are there anyway: rows are spread over all of them.
  partitionRows: 1,
  partitionRowsMax: 10_000_000,
  rangeRowsMin: 2_000_000,
  replicateBytesMax: 1 << 20,
} as const;

/** Opening a file costs as much as reading about so many bytes. */
const fileBytes = 16 << 10;
/** Large CSV files are read in ranges of about so many bytes, where that is safe. */
const csvRangeBytes = 16 << 20;

interface Slice {
  readonly split: ScanSplit;
  /** What it weighs when work is dealt out. */
  readonly bytes: number;
}

/** The smallest slices a table can be read in: row groups where they are known, else files. */
function slicesOf(table: Table): Slice[] {
  return table.files.flatMap((file): Slice[] => {
    const { path, etag, bytes, partition } = file;
    const split = { path, etag, bytes, ...(partition && { partition }) };
    const groups = file.rowGroups?.map((group, i) => ({ split: { ...split, rowGroups: [i] }, bytes: group.bytes }));
    if (groups) return groups;
    if (!file.divisible) return [{ split, bytes: file.bytes }];
    return csvRanges(file).map(({ from, to }) => ({ split: { ...split, range: { from, to } }, bytes: to - from }));
  });
}

function csvRanges({ bytes }: TableFile): { from: number; to: number }[] {
  const count = Math.max(1, Math.round(bytes / csvRangeBytes));
  const at = (i: number) => Math.floor((bytes / count) * i);
  return Array.from({ length: count }, (_, i) => ({ from: at(i), to: at(i + 1) }));
}

export function scanTasks(scan: ScanNode, options: SizingOptions): number {
  const whole = options.snapshot.get(scan.table);
  if (!whole) return 1;
  const table = pruneFiles(whole, scan);
  const slices = slicesOf(table).length;
  const share = table.format === "csv" ? 1 : scan.columns.length / Math.max(1, table.schema.fields.length);
  const bytes = bytesOf(table) * share + table.files.length * fileBytes;
  const wanted = Math.min(options.slots, Math.ceil(bytes / Math.max(1, options.taskBytesMin)));
  return Math.max(1, Math.min(slices, Math.max(wanted, Math.ceil(bytes / options.taskBytesMax))));
}

function bytesOf({ files, partitions, statistics }: Table): number {
  return partitions ? files.reduce((sum, file) => sum + file.bytes, 0) : statistics.bytes;
}

/**
 * Deals a table's slices to tasks so that bytes are even. Neighbouring row groups go to different tasks where filters
 * may prune a whole neighbourhood; without filters each task gets one contiguous run, which keeps rows in file order.
 */
export function dealSlices(table: Table, tasks: number, interleave: boolean): readonly (readonly ScanSplit[])[] {
  const slices = slicesOf(table);
  const dealt: ScanSplit[][] = Array.from({ length: tasks }, () => []);
  if (interleave) {
    const load = new Float64Array(tasks);
    for (const slice of slices) {
      let least = 0;
      for (let t = 1; t < tasks; t++) if (load[t]! < load[least]!) least = t;
      load[least]! += slice.bytes;
      dealt[least]!.push(slice.split);
    }
  } else {
    const total = slices.reduce((sum, slice) => sum + slice.bytes, 0);
    let before = 0;
    for (const slice of slices) {
      const middle = (before + slice.bytes / 2) / Math.max(1, total);
      dealt[Math.min(tasks - 1, Math.floor(middle * tasks))]!.push(slice.split);
      before += slice.bytes;
    }
  }
  return dealt.map(mergeByFile);
}

function mergeByFile(splits: readonly ScanSplit[]): readonly ScanSplit[] {
  const merged: ScanSplit[] = [];
  for (const split of splits) {
    const last = merged.at(-1);
    if (last && split.rowGroups && last.rowGroups && last.path === split.path) {
      merged[merged.length - 1] = { ...last, rowGroups: [...last.rowGroups, ...split.rowGroups] };
    } else if (last?.range && last.range.to === split.range?.from && last.path === split.path) {
      merged[merged.length - 1] = { ...last, range: { from: last.range.from, to: split.range.to } };
    } else merged.push(split);
  }
  return merged;
}
