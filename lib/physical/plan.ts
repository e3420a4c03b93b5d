/**
 * Physical plan: operators as plain data. Before the cut it is a plan one process could run; the cut only inserts
 * exchanges, so that an executor runs the pieces between them. Readonly and JSON-safe. Columns are found by id.
 */
import type { Span } from "../errors.ts";
import type {
  AggregateCall,
  Column,
  ColumnExpr,
  ColumnId,
  Expr,
  LiteralValue,
  SortKey,
  WindowCall,
} from "../expr/expr.ts";

/** What every node may say. */
export interface NodeEstimate {
  /** Estimated rows that the node gives, all tasks together. */
  readonly rows?: number;
}

export interface ScanNode extends NodeEstimate {
  readonly kind: "scan";
  /** Key of the table in the catalog snapshot. */
  readonly table: string;
  readonly label: string;
  readonly columns: readonly Column[];
  /** Field index in the table of each column. */
  readonly source: readonly number[];
  /** Conjuncts over `columns`; they prune row groups and pages, and the rows that pass all of them are given on. */
  readonly filters: readonly Expr[];
  readonly limit?: number;
  /** Columns needed only by `filters`: decoded for them, then dropped. `columns` minus these is the output. */
  readonly filterOnly: readonly ColumnId[];
}

export interface ValuesNode {
  readonly kind: "values";
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Expr[])[];
}

export interface FilterNode extends NodeEstimate {
  readonly kind: "filter";
  readonly input: PhysicalPlan;
  readonly predicate: Expr;
  readonly columns: readonly Column[];
}

export interface ProjectNode extends NodeEstimate {
  readonly kind: "project";
  readonly input: PhysicalPlan;
  readonly exprs: readonly Expr[];
  readonly columns: readonly Column[];
}

/** What statistics prove about a group or join key: enough for range-addressed (dense) tables and narrow keys. */
export interface KeyRange {
  readonly min: LiteralValue;
  readonly max: LiteralValue;
}

/**
 * single: rows in, results out. partial: rows in, group keys and states out. final: partial's output in, results out.
 * merge: partial's output in, partial's output out. `columns` of partial and merge: the keys, then the state columns of
 * each aggregate in order (see lib/physical/aggregate-state.ts).
 */
export interface AggregateNode extends NodeEstimate {
  readonly kind: "aggregate";
  readonly mode: "single" | "partial" | "merge" | "final";
  readonly input: PhysicalPlan;
  readonly groupBy: readonly Expr[];
  readonly aggregates: readonly AggregateCall[];
  readonly columns: readonly Column[];
  /** Estimated number of groups. */
  readonly groups: number;
  /** By group key; undefined where unknown. Bounds hold for every non-null value, or dense use must check and fall back. */
  readonly keyRanges: readonly (KeyRange | null)[];
}

export interface PhysicalJoinKey {
  readonly build: Expr;
  readonly probe: Expr;
  readonly nullSafe: boolean;
}

/**
 * The build side is hashed, the probe side streams. joinType says whose unmatched rows survive:
 * inner; probe_outer, build_outer, full_outer; probe_semi, probe_anti, build_semi, build_anti; probe_mark (adds `mark`
 * to each probe row); probe_single (probe_outer that fails when a probe row matches twice).
 * nullAware: probe_anti is NOT IN, probe_mark is three-valued IN; then there is exactly one key.
 * `columns` is a subset, in any order, of build columns, probe columns and mark (semi and anti: only the surviving side).
 */
export type PhysicalJoinType =
  | "inner"
  | "probe_outer"
  | "build_outer"
  | "full_outer"
  | "probe_semi"
  | "probe_anti"
  | "build_semi"
  | "build_anti"
  | "probe_mark"
  | "probe_single";

export interface HashJoinNode extends NodeEstimate {
  readonly kind: "hash_join";
  readonly joinType: PhysicalJoinType;
  readonly build: PhysicalPlan;
  readonly probe: PhysicalPlan;
  readonly keys: readonly PhysicalJoinKey[];
  /** Extra condition over both sides' columns, part of the match. */
  readonly filter?: Expr;
  readonly nullAware: boolean;
  readonly mark?: Column;
  readonly columns: readonly Column[];
  /**
   * broadcast: every task gets the whole build side (only where unmatched build rows are not emitted).
   * partitioned: both sides are hashed on the keys. collected: one task does it all.
   */
  readonly distribution: "broadcast" | "partitioned" | "collected";
  /** Estimated rows of the build side. */
  readonly buildRows: number;
  readonly keyRanges: readonly (KeyRange | null)[];
  /** Statistics prove that no two build rows share a key. A hint: executors must check. */
  readonly buildUnique: boolean;
  /**
   * Key indexes whose probe expression is a bare column of a scan below, through which a match is needed: once the
   * build side is in memory its min, max (and perhaps its set) prune that scan's row groups, pages and rows.
   */
  readonly runtimeFilters: readonly { readonly key: number; readonly probeColumn: ColumnId }[];
}

/** Any condition or none; the right side is held in memory. Types as in HashJoinNode, probe = left, build = right. */
export interface NestedLoopJoinNode extends NodeEstimate {
  readonly kind: "nested_loop_join";
  readonly joinType: PhysicalJoinType;
  readonly build: PhysicalPlan;
  readonly probe: PhysicalPlan;
  readonly filter?: Expr;
  /** For probe_mark and probe_anti: the filter's NULL makes the mark NULL (three-valued). */
  readonly nullAware: boolean;
  readonly mark?: Column;
  readonly columns: readonly Column[];
  readonly distribution: "broadcast" | "collected";
}

/** Full sort, or the first `limit` rows of it (TopN, `limit` counts offset too). */
export interface SortNode extends NodeEstimate {
  readonly kind: "sort";
  readonly input: PhysicalPlan;
  readonly keys: readonly SortKey[];
  readonly limit?: number;
  /** Each task's rows by themselves, for the window functions above. */
  readonly local?: boolean;
  readonly columns: readonly Column[];
}

/**
 * Window functions over rows that come, in each task, sorted by the partition keys (ascending, nulls last) and then by
 * orderBy; all rows of a partition are in one task. Keys, arguments, filters and range bounds are columns of the input;
 * arguments may also be literals. `columns`: some of the input's, then one per function.
 */
export interface WindowNode extends NodeEstimate {
  readonly kind: "window";
  readonly input: PhysicalPlan;
  readonly partitionBy: readonly ColumnExpr[];
  readonly orderBy: readonly SortKey[];
  readonly functions: readonly WindowCall[];
  /** Rows that the first function ranks after `limit` may be missing; estimated rows that are left without them. */
  readonly top?: { readonly limit: number; readonly rows: number };
  readonly columns: readonly Column[];
}

/** A row for each element of the list, or with `outer` at least one; columns: the input's, then the element. */
export interface UnnestNode extends NodeEstimate {
  readonly kind: "unnest";
  readonly input: PhysicalPlan;
  readonly list: Expr;
  readonly outer: boolean;
  readonly columns: readonly Column[];
}

export interface LimitNode extends NodeEstimate {
  readonly kind: "limit";
  readonly input: PhysicalPlan;
  readonly limit?: number;
  readonly offset: number;
  readonly columns: readonly Column[];
}

export interface UnionNode extends NodeEstimate {
  readonly kind: "union";
  readonly inputs: readonly PhysicalPlan[];
  readonly columns: readonly Column[];
}

export interface SingleRowNode extends NodeEstimate {
  readonly kind: "single_row";
  /** Where the subquery stands, for its error. */
  readonly span?: Span;
  readonly input: PhysicalPlan;
  readonly columns: readonly Column[];
}

/** A sub-plan with several consumers; after the cut it is a stage that several stages read. */
export interface SharedNode extends NodeEstimate {
  readonly kind: "shared";
  readonly id: number;
  readonly input: PhysicalPlan;
  /** Renames input.columns, position by position. */
  readonly columns: readonly Column[];
}

/** How rows are spread over the consumer's tasks. */
export type Partitioning =
  | { readonly kind: "hash"; readonly keys: readonly Expr[]; readonly partitions: number }
  | { readonly kind: "range"; readonly keys: readonly SortKey[]; readonly bounds: readonly (readonly LiteralValue[])[] }
  | { readonly kind: "broadcast" } // every consumer task reads everything
  | { readonly kind: "single" } // one consumer task reads everything
  | { readonly kind: "round_robin"; readonly partitions: number };

/** Only after the cut: reads what another stage wrote. */
export interface ExchangeReadNode {
  readonly kind: "exchange_read";
  readonly stage: number;
  /** Positions match the producing stage's output columns; ids may differ (shared). */
  readonly columns: readonly Column[];
  /** partition: task t reads partition t of every producer; all: every task reads every partition. */
  readonly read: "partition" | "all";
  /** Each producer's stream is sorted so, and the reader merges them. */
  readonly merge?: readonly SortKey[];
  /** Estimated rows per reading task. */
  readonly rows: number;
}

export type PhysicalPlan =
  | ScanNode
  | ValuesNode
  | FilterNode
  | ProjectNode
  | AggregateNode
  | HashJoinNode
  | NestedLoopJoinNode
  | SortNode
  | WindowNode
  | UnnestNode
  | LimitNode
  | UnionNode
  | SingleRowNode
  | SharedNode
  | ExchangeReadNode;
