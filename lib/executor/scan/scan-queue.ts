import { QueryError } from "../../errors.ts";
import type { ColumnId, Expr } from "../../expr/expr.ts";
import { valueOfLiteral } from "../../expr/value.ts";
import { columnIdsOf } from "../../expr/walk.ts";
import type { ParquetFooter } from "../../parquet/footer.ts";
import { cachedFooter } from "../../parquet/footer-cache.ts";
import { mustBeTrue } from "../../parquet/prune.ts";
import {
  type Conjunct,
  constantsMayPass,
  type FileColumns,
  fetchIndexes,
  pageConjuncts,
  planPages,
  rowGroupBounds,
  rowGroupMayPass,
} from "../../parquet/prune-pages.ts";
import { type ConstantColumn, type TableColumn, tableColumn } from "../../parquet/read-as.ts";
import { RowGroupReader } from "../../parquet/row-group-reader.ts";
import { rowCount } from "../../parquet/row-ranges.ts";
import { fileColumns } from "../../parquet/statistics.ts";
import type { ScanNode } from "../../physical/plan.ts";
import type { ScanInput, ScanSplit } from "../../stages/graph.ts";
import type { TaskContext } from "../operator/operator.ts";
import { assembleColumn } from "./nested-column.ts";

/** Row groups are requested ahead of their use up to this many bytes, and at least one. */
const aheadBytesMax = 24 << 20;
const aheadGroupsMax = 8;
/** Footers of this many files are read ahead. */
const aheadFootersMax = 8;

/** A row group to scan. */
export interface QueuedRowGroup {
  readonly reader: RowGroupReader;
  /** By column id of the scan. */
  readonly columns: FileColumns;
  /** Indexes of the conjuncts that statistics do not already prove for every row. */
  readonly open: readonly number[];
  readonly bytes: number;
}

export class ScanQueue {
  readonly #context: TaskContext;
  readonly #node: ScanNode;
  readonly #input: ScanInput;
  readonly #conjuncts: readonly Conjunct[];
  readonly #tested: readonly ColumnId[];
  readonly #count: (name: string, amount?: number) => void;
  readonly #groups: AsyncGenerator<QueuedRowGroup, void>;
  readonly #ahead: Promise<QueuedRowGroup | undefined>[] = [];
  readonly #aheadMax: number;
  #aheadBytes = 0;
  #ended = false;
  /** Row groups handed out, and those of them whose filters passed some row. */
  #scanned = 0;
  #passed = 0;

  /** @param tested columns that are looked at in every row group, whatever the filters */
  constructor(
    context: TaskContext,
    node: ScanNode,
    input: ScanInput,
    filters: readonly Expr[],
    tested: readonly ColumnId[],
    count: (name: string, amount?: number) => void,
  ) {
    this.#context = context;
    this.#node = node;
    this.#input = input;
    this.#conjuncts = filters.map((expr) => ({ expr, columns: columnIdsOf(expr) }));
    this.#tested = tested;
    this.#count = count;
    // A bare LIMIT mostly ends in the first row group.
    this.#aheadMax = node.limit !== undefined && filters.length === 0 ? 1 : aheadGroupsMax;
    this.#groups = this.#rowGroups();
  }

  /** The next row group; the caller frees its reader. Undefined at the end. */
  async next(): Promise<QueuedRowGroup | undefined> {
    this.#fill();
    const group = await this.#ahead.shift();
    if (!group) {
      this.#ended = true;
      return undefined;
    }
    this.#aheadBytes -= group.bytes;
    this.#scanned++;
    if (this.#aheadMax > 1) this.#fill();
    return group;
  }

  /** Tells that the filters passed a row of the row group handed out last. */
  passed(): void {
    this.#passed++;
  }

  /** Stops reading ahead and gives back what was. */
  async close(): Promise<void> {
    this.#ended = true;
    const ahead = this.#ahead.splice(0);
    await this.#groups.return();
    for (const group of await Promise.allSettled(ahead)) {
      if (group.status === "fulfilled") group.value?.reader.free();
    }
  }

  /** Asks for more row groups while those ahead are few and small. An async generator serves its callers in turn. */
  #fill(): void {
    while (!this.#ended && this.#ahead.length < this.#aheadMax) {
      if (this.#ahead.length > 0 && this.#aheadBytes >= aheadBytesMax) return;
      const group = this.#groups.next().then(({ value }) => value ?? undefined);
      group.catch(() => {}); // seen by next()
      this.#ahead.push(group);
      // How large the next ones are is known once this one is opened: then there may be room for more.
      if (this.#ahead.length > 1) return;
    }
  }

  async *#rowGroups(): AsyncGenerator<QueuedRowGroup, void> {
    const { splits, filesPruned = 0 } = this.#input;
    if (filesPruned > 0) this.#count("filesPruned", filesPruned);
    for (const [i, split] of splits.entries()) {
      for (const later of splits.slice(i + 1, i + aheadFootersMax)) this.#footer(later).catch(() => {});
      yield* this.#rowGroupsOf(split);
    }
  }

  async *#rowGroupsOf(split: ScanSplit): AsyncGenerator<QueuedRowGroup, void> {
    const constants = this.#constants(split);
    if (constants.size > 0 && !constantsMayPass(constants, this.#conjuncts)) {
      this.#count("filesPruned");
      return;
    }
    const footer = await this.#footer(split);
    const columns = this.#fileColumns(footer, constants);
    const wanted = split.rowGroups ?? footer.rowGroups.map((_, i) => i);
    const kept = wanted.filter((i) => this.#mayPass(footer, i, columns));
    this.#count("rowGroups", wanted.length);
    this.#count("rowGroupsPruned", wanted.length - kept.length);
    const { tables, signal } = this.#context;
    const groups = kept.map((i) => footer.rowGroups[i]!);
    const indexes = fetchIndexes(tables, footer, groups, columns, this.#conjuncts, signal, this.#count);
    for (const rowGroup of kept) {
      const group = footer.rowGroups[rowGroup]!;
      const narrows = indexes && pageConjuncts(group, columns, this.#conjuncts).length > 0;
      const plan = narrows && (await planPages(group, columns, this.#conjuncts, indexes));
      if (plan) this.#count("pagesPruned", plan.pruned);
      if (plan && rowCount(plan.ranges) === 0) continue;
      const { memory } = this.#context;
      const reading = { memory, objects: tables, footer, rowGroup, signal, count: this.#count };
      const source = { ...reading, assemble: assembleColumn, ...plan };
      yield this.#start(new RowGroupReader(source), columns, footer);
    }
  }

  /** Starts fetching: filter columns alone while filters rarely pass a row, else everything at once. */
  #start(reader: RowGroupReader, columns: FileColumns, footer: ParquetFooter): QueuedRowGroup {
    const bounds = rowGroupBounds(footer.rowGroups[reader.rowGroup]!, columns);
    const open = this.#conjuncts.flatMap(({ expr }, i) => (mustBeTrue(expr, bounds) ? [] : [i]));
    const filtered = new Set([...this.#tested, ...open.flatMap((i) => [...this.#conjuncts[i]!.columns])]);
    const rarelyPasses = this.#scanned >= 2 && this.#passed * 2 < this.#scanned;
    const outputs = this.#node.columns.filter(({ id }) => !this.#node.filterOnly.includes(id)).map(({ id }) => id);
    const ids = rarelyPasses && filtered.size > 0 ? [...filtered] : [...filtered, ...outputs];
    const fetched = [...new Set(ids.map((id) => columns.get(id)!))];
    reader.fetch(fetched);
    const bytes = reader.bytesOf(fetched);
    this.#aheadBytes += bytes;
    return { reader, columns, open, bytes };
  }

  #footer(split: ScanSplit): Promise<ParquetFooter> {
    return cachedFooter(this.#context.tables, split.path, split, (bytes) => {
      this.#count("requests");
      this.#count("bytesRead", bytes);
    });
  }

  #mayPass(footer: ParquetFooter, rowGroup: number, columns: FileColumns): boolean {
    const group = footer.rowGroups[rowGroup];
    if (!group) throw new QueryError("corrupt_file", `${footer.path} has no row group ${rowGroup}`);
    return rowGroupMayPass(group, columns, this.#conjuncts);
  }

  /** The columns whose values are in the file's path. */
  #constants({ partition }: ScanSplit): ReadonlyMap<ColumnId, ConstantColumn> {
    const constants = new Map<ColumnId, ConstantColumn>();
    for (const [i, { id, type }] of this.#node.columns.entries()) {
      const place = this.#input.partitions?.fields.indexOf(this.#node.source[i]!) ?? -1;
      if (place >= 0) constants.set(id, { type, constant: valueOfLiteral(type, partition![place]!) });
    }
    return constants;
  }

  #fileColumns(footer: ParquetFooter, constants: ReadonlyMap<ColumnId, ConstantColumn>): FileColumns {
    const found = fileColumns(this.#input.schema, footer);
    const read = this.#node.columns.map(({ id, name, type }, i): [ColumnId, TableColumn] => [
      id,
      constants.get(id) ?? tableColumn(footer, found[this.#node.source[i]!], name, type),
    ]);
    return new Map(read);
  }
}
