/** The syntax tree of the SQL that Volley speaks. Knows no tables; every node carries its place in the text. */
import type { DataType } from "../arrow/types.ts";
import type { Span } from "../errors.ts";

/** A name as written. Names are compared without regard to case, quoted or not. */
export interface Name {
  readonly text: string;
  readonly quoted: boolean;
  readonly span: Span;
}

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "//"
  | "%"
  | "^"
  | "||"
  | "->"
  | "->>"
  | "&"
  | "|"
  | "<<"
  | ">>"
  | "="
  | "<>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "and"
  | "or";

export interface NameExpr {
  readonly kind: "name";
  /** `column`, `table.column` or `schema.table.column` */
  readonly parts: readonly Name[];
  readonly span: Span;
}

/** A number as written: `12`, `1.50`, `1e9`; a minus sign before it is part of it. */
export interface NumberExpr {
  readonly kind: "number";
  readonly text: string;
  readonly span: Span;
}

export interface StringExpr {
  readonly kind: "string";
  readonly value: string;
  readonly span: Span;
}

/** TRUE, FALSE or NULL */
export interface ConstantExpr {
  readonly kind: "constant";
  readonly value: boolean | null;
  readonly span: Span;
}

/** X'0aff' */
export interface HexExpr {
  readonly kind: "hex";
  /** lower case, an even number of digits */
  readonly digits: string;
  readonly span: Span;
}

/** `$1` and `?` (numbered from 1 in the order of the text), or `:name` and `$name`. */
export interface ParameterExpr {
  readonly kind: "parameter";
  readonly key: number | string;
  readonly span: Span;
}

/** DATE '1998-12-01' */
export interface TypedStringExpr {
  readonly kind: "typed_string";
  readonly type: DataType;
  readonly value: string;
  readonly span: Span;
}

/** INTERVAL '3' MONTH, INTERVAL '1 day 2 hours', INTERVAL (n) DAY */
export interface IntervalExpr {
  readonly kind: "interval";
  readonly value: SqlExpr;
  /** lower case, singular */
  readonly unit?: string;
  readonly span: Span;
}

export interface UnaryExpr {
  readonly kind: "unary";
  readonly op: "-" | "+" | "~" | "not";
  readonly operand: SqlExpr;
  readonly span: Span;
}

export interface BinaryExpr {
  readonly kind: "binary";
  readonly op: BinaryOperator;
  readonly left: SqlExpr;
  readonly right: SqlExpr;
  readonly span: Span;
}

/** `a IS [NOT] DISTINCT FROM b` */
export interface DistinctFromExpr {
  readonly kind: "distinct_from";
  readonly negated: boolean;
  readonly left: SqlExpr;
  readonly right: SqlExpr;
  readonly span: Span;
}

/** `operand IS [NOT] NULL | TRUE | FALSE | UNKNOWN` */
export interface IsExpr {
  readonly kind: "is";
  readonly test: "null" | "true" | "false" | "unknown";
  readonly negated: boolean;
  readonly operand: SqlExpr;
  readonly span: Span;
}

export interface BetweenExpr {
  readonly kind: "between";
  readonly negated: boolean;
  readonly operand: SqlExpr;
  readonly low: SqlExpr;
  readonly high: SqlExpr;
  readonly span: Span;
}

/** like, ilike, similar (SIMILAR TO), regexp (~), regexp_i (~*) */
export interface LikeExpr {
  readonly kind: "like";
  readonly form: "like" | "ilike" | "similar" | "regexp" | "regexp_i";
  readonly negated: boolean;
  readonly operand: SqlExpr;
  readonly pattern: SqlExpr;
  readonly escape?: string;
  readonly span: Span;
}

export interface InListExpr {
  readonly kind: "in_list";
  readonly negated: boolean;
  readonly operand: SqlExpr;
  readonly list: readonly SqlExpr[];
  readonly span: Span;
}

export interface InQueryExpr {
  readonly kind: "in_query";
  readonly negated: boolean;
  readonly operand: SqlExpr;
  readonly query: Query;
  readonly span: Span;
}

export interface ExistsExpr {
  readonly kind: "exists";
  readonly negated: boolean;
  readonly query: Query;
  readonly span: Span;
}

/** A scalar subquery. */
export interface SubqueryExpr {
  readonly kind: "subquery";
  readonly query: Query;
  readonly span: Span;
}

/** `left op ANY|ALL (query)` */
export interface QuantifiedExpr {
  readonly kind: "quantified";
  readonly op: BinaryOperator;
  readonly quantifier: "any" | "all";
  readonly left: SqlExpr;
  readonly query: Query;
  readonly span: Span;
}

export interface CaseExpr {
  readonly kind: "case";
  readonly operand?: SqlExpr;
  readonly branches: readonly { readonly when: SqlExpr; readonly result: SqlExpr }[];
  readonly otherwise?: SqlExpr;
  readonly span: Span;
}

export interface CastExpr {
  readonly kind: "cast";
  readonly operand: SqlExpr;
  readonly type: DataType;
  /** TRY_CAST */
  readonly safe: boolean;
  readonly span: Span;
}

/** A function or aggregate; the special forms (EXTRACT, SUBSTRING … FROM, TRIM, …) arrive as the function they name. */
export interface CallExpr {
  readonly kind: "call";
  /** lower case */
  readonly name: string;
  readonly args: readonly SqlExpr[];
  /** `count(*)` */
  readonly star: boolean;
  readonly distinct: boolean;
  readonly filter?: SqlExpr;
  readonly orderBy: readonly OrderItem[];
  /** IGNORE NULLS or RESPECT NULLS, in the parentheses or behind them. */
  readonly nulls?: "ignore" | "respect";
  /** OVER name or OVER (…): a window function. */
  readonly over?: WindowRef;
  readonly span: Span;
}

/** A window of the WINDOW clause by its name, or one written out. */
export type WindowRef = { readonly kind: "name"; readonly name: Name } | WindowSpec;

/** `(base PARTITION BY … ORDER BY … frame)` */
export interface WindowSpec {
  readonly kind: "spec";
  /** The window of the WINDOW clause that this one adds to. */
  readonly base?: Name;
  readonly partitionBy: readonly SqlExpr[];
  readonly orderBy: readonly OrderItem[];
  readonly frame?: WindowFrame;
  readonly span: Span;
}

export type FrameExclusion = "current row" | "group" | "ties";

/** `ROWS | RANGE | GROUPS BETWEEN start AND end EXCLUDE …` */
export interface WindowFrame {
  readonly unit: "rows" | "range" | "groups";
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclude?: FrameExclusion;
}

export type FrameBound =
  | { readonly kind: "unbounded_preceding" | "current_row" | "unbounded_following" }
  | { readonly kind: "preceding" | "following"; readonly offset: SqlExpr };

/** `name AS (…)` of the WINDOW clause. */
export interface NamedWindow {
  readonly name: Name;
  readonly window: WindowRef;
}

/** `operand.name`, where the operand is no plain name: those keep their parts together (NameExpr). */
export interface FieldExpr {
  readonly kind: "field";
  readonly operand: SqlExpr;
  readonly name: Name;
  readonly span: Span;
}

/** `operand[index]` */
export interface SubscriptExpr {
  readonly kind: "subscript";
  readonly operand: SqlExpr;
  readonly index: SqlExpr;
  readonly span: Span;
}

/** `(a, b)` */
export interface TupleExpr {
  readonly kind: "tuple";
  readonly items: readonly SqlExpr[];
  readonly span: Span;
}

export type SqlExpr =
  | NameExpr
  | NumberExpr
  | StringExpr
  | ConstantExpr
  | HexExpr
  | ParameterExpr
  | TypedStringExpr
  | IntervalExpr
  | UnaryExpr
  | BinaryExpr
  | DistinctFromExpr
  | IsExpr
  | BetweenExpr
  | LikeExpr
  | InListExpr
  | InQueryExpr
  | ExistsExpr
  | SubqueryExpr
  | QuantifiedExpr
  | CaseExpr
  | CastExpr
  | CallExpr
  | FieldExpr
  | SubscriptExpr
  | TupleExpr;

export interface OrderItem {
  readonly expr: SqlExpr;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** `WITH ctes body ORDER BY … LIMIT … OFFSET …` */
export interface Query {
  readonly ctes: readonly Cte[];
  readonly body: QueryBody;
  /** "all": ORDER BY ALL, every output column from left to right. */
  readonly orderBy: readonly OrderItem[] | { readonly all: Omit<OrderItem, "expr"> };
  readonly limit?: SqlExpr;
  readonly offset?: SqlExpr;
}

export interface Cte {
  readonly name: Name;
  readonly columns: readonly Name[];
  readonly query: Query;
}

export type QueryBody = Select | SetOperation | ValuesBody | NestedQuery;

export interface SetOperation {
  readonly kind: "set_operation";
  readonly op: "union" | "intersect" | "except";
  readonly all: boolean;
  readonly left: QueryBody;
  readonly right: QueryBody;
  readonly span?: Span;
}

export interface ValuesBody {
  readonly kind: "values";
  readonly rows: readonly (readonly SqlExpr[])[];
  readonly span?: Span;
}

/** A query in parentheses as an operand of a set operation. */
export interface NestedQuery {
  readonly kind: "nested";
  readonly query: Query;
  readonly span?: Span;
}

export interface Select {
  readonly kind: "select";
  /** false, true (DISTINCT), or the keys of DISTINCT ON. */
  readonly distinct: boolean | readonly SqlExpr[];
  readonly items: readonly SelectItem[];
  readonly from: readonly TableRef[];
  readonly where?: SqlExpr;
  readonly groupBy: GroupBy;
  readonly having?: SqlExpr;
  readonly windows: readonly NamedWindow[];
  readonly qualify?: SqlExpr;
  readonly span?: Span;
}

export type SelectItem =
  | { readonly kind: "expr"; readonly expr: SqlExpr; readonly alias?: Name }
  | {
      readonly kind: "wildcard";
      /** `t.*` */
      readonly table?: readonly Name[];
      readonly exclude: readonly Name[];
      readonly replace: readonly { readonly expr: SqlExpr; readonly name: Name }[];
      readonly rename: readonly { readonly from: Name; readonly to: Name }[];
      readonly span: Span;
    };

export type GroupBy = { readonly kind: "all" } | { readonly kind: "items"; readonly items: readonly GroupItem[] };

/** sets: GROUPING SETS, ROLLUP and CUBE, written out as the sets they mean. */
export type GroupItem =
  | { readonly kind: "expr"; readonly expr: SqlExpr }
  | { readonly kind: "sets"; readonly sets: readonly (readonly SqlExpr[])[] };

export interface TableAlias {
  readonly name: Name;
  readonly columns: readonly Name[];
}

export type JoinKind = "inner" | "left" | "right" | "full" | "cross" | "semi" | "anti";

export type JoinConstraint =
  | { readonly kind: "none" }
  | { readonly kind: "on"; readonly condition: SqlExpr }
  | { readonly kind: "using"; readonly columns: readonly Name[] }
  | { readonly kind: "natural" };

export interface JoinRef {
  readonly kind: "join";
  readonly joinKind: JoinKind;
  readonly left: TableRef;
  readonly right: TableRef;
  readonly constraint: JoinConstraint;
  readonly span?: Span;
}

/** `unnest(list)`: a row for each element, beside the rows of the tables before it. */
export interface UnnestRef {
  readonly kind: "unnest";
  readonly list: SqlExpr;
  readonly alias?: TableAlias;
  readonly span: Span;
}

export type TableRef =
  | { readonly kind: "table"; readonly name: readonly Name[]; readonly alias?: TableAlias; readonly span: Span }
  /** FROM 'path/*.parquet' */
  | { readonly kind: "path"; readonly path: string; readonly alias?: TableAlias; readonly span: Span }
  /** read_parquet(…), read_csv(…), range(…) */
  | {
      readonly kind: "table_function";
      readonly name: Name;
      readonly args: readonly TableFunctionArg[];
      readonly alias?: TableAlias;
      readonly span: Span;
    }
  | {
      readonly kind: "subquery";
      readonly query: Query;
      /** It sees the tables before it in FROM. */
      readonly lateral?: boolean;
      readonly alias?: TableAlias;
      readonly span?: Span;
    }
  | UnnestRef
  | JoinRef
  /** A join in parentheses with a name: the tables inside are hidden. */
  | { readonly kind: "aliased"; readonly input: TableRef; readonly alias: TableAlias; readonly span?: Span };

/** An argument: a constant, a list of constants, or a map of names to constants (read_csv's columns). */
export interface TableFunctionArg {
  readonly name?: Name;
  readonly value: TableFunctionValue;
  readonly span: Span;
}

export type TableFunctionValue =
  | SqlExpr
  | { readonly kind: "list"; readonly items: readonly SqlExpr[]; readonly span: Span }
  | { readonly kind: "map"; readonly entries: readonly { readonly key: string; readonly value: SqlExpr }[] };

export type ExplainMode = "default" | "logical" | "physical" | "stages" | "graph" | "cost";
