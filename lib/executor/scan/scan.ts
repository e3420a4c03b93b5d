/**
 * Scans Parquet: prunes row groups and pages by their statistics, decodes filter columns first and the others only where
 * a row passes, and cuts batches out of decoded row groups without copying.
 */
import { RowSelector } from "../../arrow/select-rows.ts";
import { sliceBatch } from "../../arrow/slice.ts";
import { readableFields, types } from "../../arrow/types.ts";
import type { Batch, Vector } from "../../arrow/vector.ts";
import { QueryError, unsupported } from "../../errors.ts";
import type { Column, ColumnId, Expr, LiteralValue } from "../../expr/expr.ts";
import { columnIdsOf } from "../../expr/walk.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { DecodedColumn } from "../../parquet/chunk-decoder.ts";
import type { ScanNode } from "../../physical/plan.ts";
import type { ScanInput } from "../../stages/graph.ts";
import { compilePredicate, type Predicate } from "../expression/predicate.ts";
import type { RowSet } from "../expression/row-set.ts";
import type { TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import { type QueuedRowGroup, ScanQueue } from "./scan-queue.ts";

/** Rows that pass make a batch of their own when they are at least one in so many. */
const keptShare = 4;

/** What a join above learnt of the keys that can match. Rows outside are dropped, NULL keys among them. */
export interface RuntimeFilter {
  readonly column: ColumnId;
  /** Bounds of the keys, in the column's type; null: there is no key, so no row matches. */
  readonly min: LiteralValue;
  readonly max: LiteralValue;
  /** Keeps those of the rows whose value may be among the keys. The result is valid until the next call. */
  readonly membership?: (values: Vector, rows: RowSet) => RowSet;
}

/** A row group being scanned. */
interface CurrentRowGroup extends QueuedRowGroup {
  /** Undefined when every row passes. */
  readonly predicate: Predicate | undefined;
  readonly filterColumns: readonly DecodedColumn[];
  /** Columns that membership tests look at, decoded when first needed. */
  readonly tested: Map<ColumnId, DecodedColumn>;
  /** Decoded once a row passes. */
  outputs: readonly DecodedColumn[] | undefined;
  range: number;
  row: number;
}

export class ScanOperator extends OperatorBase {
  readonly #node: ScanNode;
  readonly #input: ScanInput;
  readonly #outputs: readonly Column[];
  readonly #selector: RowSelector;
  readonly #kept: GrowableBlock;
  readonly #runtimeFilters: RuntimeFilter[] = [];
  /** By the conjuncts that are open in a row group. */
  readonly #predicates = new Map<string, { readonly predicate: Predicate; readonly columns: readonly Column[] }>();
  #filters: readonly Expr[] = [];
  #queue: ScanQueue | undefined;
  #current: CurrentRowGroup | undefined;
  #rowsLeft: number;

  constructor(context: TaskContext, node: ScanNode, input: ScanInput) {
    const outputs = node.columns.filter(({ id }) => !node.filterOnly.includes(id));
    super("scan", context, outputs);
    this.#node = node;
    this.#input = input;
    this.#outputs = outputs;
    this.#selector = new RowSelector(context.memory);
    this.#kept = new GrowableBlock(context.memory);
    this.#rowsLeft = node.limit ?? Number.POSITIVE_INFINITY;
    const fields = readableFields(input.schema);
    for (const source of node.source) {
      const what = fields[source]?.unsupported;
      if (what !== undefined) throw unsupported(what);
    }
  }

  /** Narrows the scan; only before the first `next`. */
  addRuntimeFilter(filter: RuntimeFilter): void {
    if (this.#queue) throw new QueryError("internal", "a runtime filter came after the scan had started");
    if (!this.#node.columns.some(({ id }) => id === filter.column)) {
      throw new QueryError("internal", `a runtime filter on column ${filter.column}, which is not scanned`);
    }
    this.#runtimeFilters.push(filter);
  }

  protected async nextBatch(): Promise<Batch | null> {
    this.#queue ??= this.#start();
    while (this.#rowsLeft > 0) {
      this.#current ??= await this.#open();
      if (!this.#current) return null;
      const batch = await this.#nextOf(this.#current);
      if (batch) return this.#limited(batch);
      this.#current.reader.free();
      this.#current = undefined;
    }
    return null;
  }

  protected override async closeSelf(): Promise<void> {
    this.#current?.reader.free();
    this.#current = undefined;
    await this.#queue?.close();
    for (const { predicate } of this.#predicates.values()) predicate.close();
    this.#selector.free();
    this.#kept.free();
  }

  #start(): ScanQueue {
    this.#filters = [...this.#node.filters, ...this.#runtimeFilters.flatMap((filter) => this.#rangeOf(filter))];
    const tested = this.#runtimeFilters.filter(({ membership }) => membership).map(({ column }) => column);
    const count = (name: string, amount?: number) => this.count(name, amount);
    return new ScanQueue(this.context, this.#node, this.#input, this.#filters, tested, count);
  }

  #limited(batch: Batch): Batch {
    const kept = sliceBatch(batch, 0, Math.min(batch.length, this.#rowsLeft));
    this.#rowsLeft -= kept.length;
    return kept;
  }

  async #open(): Promise<CurrentRowGroup | undefined> {
    const group = await this.#queue!.next();
    if (!group) return undefined;
    const compiled = group.open.length === 0 ? undefined : this.#predicate(group.open);
    const filterColumns: DecodedColumn[] = [];
    try {
      for (const { id } of compiled?.columns ?? [])
        filterColumns.push(await group.reader.column(group.columns.get(id)!));
    } catch (error) {
      group.reader.free();
      throw error;
    }
    const row = group.reader.ranges[0]!.from;
    return {
      ...group,
      predicate: compiled?.predicate,
      filterColumns,
      tested: new Map(),
      outputs: undefined,
      range: 0,
      row,
    };
  }

  /** The conjuncts that are open in a row group, compiled together. */
  #predicate(open: readonly number[]): { readonly predicate: Predicate; readonly columns: readonly Column[] } {
    const key = open.join();
    let compiled = this.#predicates.get(key);
    if (!compiled) {
      const parts = open.map((i) => this.#filters[i]!);
      const condition: Expr =
        parts.length === 1 ? parts[0]! : { kind: "call", fn: "and", args: parts, type: types.boolean };
      const used = columnIdsOf(condition);
      const columns = this.#node.columns.filter(({ id }) => used.has(id));
      compiled = { predicate: compilePredicate(condition, columns, this.context), columns };
      this.#predicates.set(key, compiled);
    }
    return compiled;
  }

  /** The next batch of the row group; where few rows pass, those of several stretches together. */
  async #nextOf(group: CurrentRowGroup): Promise<Batch | undefined> {
    const { batchRows } = this.context;
    const first = group.row;
    let end = first;
    let kept = 0;
    while (group.range < group.reader.ranges.length && kept * 2 < batchRows && kept < this.#rowsLeft) {
      const { to } = group.reader.ranges[group.range]!;
      const from = group.row;
      const length = Math.min(batchRows - kept, to - from);
      group.row += length;
      if (group.row === to) group.row = group.reader.ranges[++group.range]?.from ?? to;
      this.count("rowsRead", length);
      const rows = await this.#passing(group, from, length);
      if (rows.count === 0) continue;
      if (kept === 0 && rows.count * keptShare >= length) return this.#batch(group, from, length, rows);
      this.#keep(rows, from - first, kept);
      kept += rows.count;
      end = from + length;
    }
    return kept === 0 ? undefined : this.#batch(group, first, end - first, { ids: this.#room(), count: kept });
  }

  /** Batches select from decoded columns where they lie, so those of a long stretch cost no more. */
  async #batch(group: CurrentRowGroup, from: number, length: number, rows: RowSet): Promise<Batch> {
    group.outputs ??= await this.#decodeOutputs(group);
    const batch = { length, columns: group.outputs.map((column) => column.slice(from, length)) };
    return rows.count === length ? batch : this.#selector.selectBatch(batch, rows.ids, rows.count);
  }

  /** Appends rows of a stretch to those kept. */
  #keep({ ids, count }: RowSet, offset: number, kept: number): void {
    const { kernels, u8 } = this.context.memory;
    const to = this.#room() + kept * 4;
    if (ids === 0) {
      kernels.numberRows(offset, count, to);
      return;
    }
    u8.copyWithin(to, ids, ids + count * 4);
    kernels.add4(to, offset, count);
  }

  /** Where the numbers of kept rows are. */
  #room(): Ptr {
    return this.#kept.ensure(this.context.batchRows * 4 + 64);
  }

  async #passing(group: CurrentRowGroup, from: number, length: number): Promise<RowSet> {
    const columns = group.filterColumns.map((column) => column.slice(from, length));
    let rows = group.predicate?.select({ length, columns }) ?? { ids: 0, count: length };
    for (const { column, membership } of this.#runtimeFilters) {
      if (!membership || rows.count === 0) continue;
      const decoded = group.tested.get(column) ?? (await group.reader.column(group.columns.get(column)!));
      group.tested.set(column, decoded);
      rows = membership(decoded.slice(from, length), rows);
    }
    return rows;
  }

  async #decodeOutputs(group: CurrentRowGroup): Promise<readonly DecodedColumn[]> {
    this.#queue!.passed();
    const columns = this.#outputs.map(({ id }) => group.columns.get(id)!);
    group.reader.fetch([...new Set(columns)]);
    const decoded: DecodedColumn[] = [];
    for (const column of columns) decoded.push(await group.reader.column(column));
    return decoded;
  }

  /** A runtime filter's range as conditions: they prune row groups and pages like any other. */
  #rangeOf({ column: id, min, max }: RuntimeFilter): readonly Expr[] {
    const { name, type, nullable } = this.#node.columns.find((column) => column.id === id)!;
    if (min === null || max === null) return [{ kind: "literal", type: types.boolean, value: false }];
    const column: Expr = { kind: "column", id, name, type, nullable };
    const bound = (fn: string, value: LiteralValue): Expr => {
      return { kind: "call", fn, args: [column, { kind: "literal", type, value }], type: types.boolean };
    };
    return [bound(">=", min), bound("<=", max)];
  }
}
