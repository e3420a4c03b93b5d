/**
 * Fields of structs become columns of their scans: `s.a` is read from its own leaf, with statistics and pruning, and the
 * struct itself, when nothing else needs it, not at all. Fields that pass through something else than joins, filters and
 * projections are taken out of the struct's text as they are: the same values, only later.
 */
import { fieldPath, readableFields } from "../../arrow/types.ts";
import type { CatalogSnapshot } from "../../catalog/table.ts";
import type { Column, ColumnExpr, ColumnId, Expr } from "../../expr/expr.ts";
import { mapOperands, subexpressions } from "../../expr/walk.ts";
import { keepColumns, mapExprs, mapInputs, outputIds, withInputs } from "../../logical/build.ts";
import { inputsOf } from "../../logical/format.ts";
import { columnRef, type LogicalPlan, type LogicalProject, type LogicalScan } from "../../logical/plan.ts";
import type { Rule, RuleContext } from "../rule.ts";

export const readStructFields: Rule = {
  name: "read-struct-fields",
  apply: (plan, context) => new FieldReader(context).exactly(plan),
};

/** A field of a struct column: its names from the outermost. */
interface FieldOf {
  readonly id: ColumnId;
  readonly path: readonly string[];
}

/** Fields that a plan is to give as columns of their own, by fieldKey. */
type Wanted = Map<string, FieldOf & { readonly column: Column }>;

function fieldKey({ id, path }: FieldOf): string {
  return [id, ...path].join("\0");
}

/** `struct_extract(struct_extract(s, 'a'), 'b')` as a field; undefined for everything else. */
function fieldOf(expr: Expr): FieldOf | undefined {
  if (expr.kind !== "call" || expr.fn !== "struct_extract") return undefined;
  const [struct, name] = expr.args as readonly [Expr, Expr];
  if (name.kind !== "literal" || typeof name.value !== "string") return undefined;
  if (struct.kind === "column") return { id: struct.id, path: [name.value] };
  const outer = fieldOf(struct);
  return outer && { id: outer.id, path: [...outer.path, name.value] };
}

class FieldReader {
  readonly #context: RuleContext;
  readonly #shared = new Map<number, LogicalPlan>();

  constructor(context: RuleContext) {
    this.#context = context;
  }

  /** The plan with the very columns it had. */
  exactly(plan: LogicalPlan): LogicalPlan {
    const read = this.#read(plan, new Map());
    return read === plan ? plan : keepColumns(read, plan.columns);
  }

  /** The plan with the wanted fields beside its columns, and perhaps more. It gives all of them (see #gives). */
  #read(plan: LogicalPlan, wanted: Wanted): LogicalPlan {
    switch (plan.kind) {
      case "scan": {
        const own: Wanted = new Map(wanted);
        const scan = mapExprs(plan, (expr) => this.#replace(expr, plan, own)) as LogicalScan;
        return withFields(scan, own, this.#context.snapshot);
      }
      case "union":
      case "single_row":
        return mapInputs(plan, (input) => this.exactly(input));
      case "shared": {
        const input = this.#shared.get(plan.id) ?? this.exactly(plan.input);
        this.#shared.set(plan.id, input);
        return withInputs(plan, [input]);
      }
      case "project":
        return this.#project(plan, wanted);
      case "values":
        return plan;
      case "aggregate":
      case "filter":
      case "join":
      case "sort":
      case "limit":
      case "unnest":
      case "window":
        return this.#pass(plan, wanted);
    }
  }

  /** Nodes that pass columns on, and aggregates, which want nothing but what they read. */
  #pass(plan: LogicalPlan, wanted: Wanted): LogicalPlan {
    const inputs = inputsOf(plan);
    const fromInputs = inputs.map((): Wanted => new Map());
    for (const [key, field] of wanted) fromInputs[inputWith(inputs, field.id)]!.set(key, field);
    const mapped = mapExprs(plan, (expr) => {
      return inputs.reduce((part, input, i) => this.#replace(part, input, fromInputs[i]!), expr);
    });
    return withInputs(
      mapped,
      inputs.map((input, i) => this.#read(input, fromInputs[i]!)),
    );
  }

  #project(plan: LogicalProject, wanted: Wanted): LogicalPlan {
    const { input } = plan;
    const fromInput: Wanted = new Map();
    const exprs = plan.exprs.map((expr) => this.#replace(expr, input, fromInput));
    const added = [...wanted.values()].map(({ id, path, column }) => {
      const source = fieldOfProjected(plan, { id, path })!;
      return { column, expr: columnRef(this.#want(source, column, fromInput)) };
    });
    const read = this.#read(input, fromInput);
    if (read === input && added.length === 0 && exprs.every((expr, i) => expr === plan.exprs[i])) return plan;
    return {
      ...plan,
      input: read,
      exprs: [...exprs, ...added.map(({ expr }) => expr)],
      columns: [...plan.columns, ...added.map(({ column }) => column)],
    };
  }

  /** The expression with columns for the fields that `source` can give. */
  #replace(expr: Expr, source: LogicalPlan, wanted: Wanted): Expr {
    const field = fieldOf(expr);
    if (field && this.#gives(source, field)) return nullable(columnRef(this.#want(field, named(expr, field), wanted)));
    return mapOperands(expr, (operand) => this.#replace(operand, source, wanted));
  }

  #want(field: FieldOf, like: Pick<Column, "name" | "type">, wanted: Wanted): Column {
    const key = fieldKey(field);
    const known = wanted.get(key);
    if (known) return known.column;
    const column = this.#context.columnIds.column(like.name, like.type, true);
    wanted.set(key, { ...field, column });
    return column;
  }

  /** Whether the plan can give the field as a column. */
  #gives(plan: LogicalPlan, field: FieldOf): boolean {
    switch (plan.kind) {
      case "scan":
        return sourceOf(plan, field, this.#context.snapshot) !== undefined;
      case "project": {
        const source = fieldOfProjected(plan, field);
        return source !== undefined && this.#gives(plan.input, source);
      }
      case "filter":
      case "sort":
      case "limit":
      case "join":
      case "unnest":
      case "window": {
        const inputs = inputsOf(plan);
        const at = inputWith(inputs, field.id);
        return at >= 0 && outputIds(plan).has(field.id) && this.#gives(inputs[at]!, field);
      }
      default:
        return false;
    }
  }
}

function inputWith(inputs: readonly LogicalPlan[], id: ColumnId): number {
  return inputs.findIndex((input) => input.columns.some((column) => column.id === id));
}

/** What of its input a projection's field is: its column may be one of the input's, or a field itself. */
function fieldOfProjected(plan: LogicalProject, { id, path }: FieldOf): FieldOf | undefined {
  const expr = plan.exprs[plan.columns.findIndex((column) => column.id === id)];
  if (expr?.kind === "column") return { id: expr.id, path };
  const outer = expr && fieldOf(expr);
  return outer && { id: outer.id, path: [...outer.path, ...path] };
}

/** The index of a field among the readable ones of the scan's table. */
function sourceOf(scan: LogicalScan, { id, path }: FieldOf, snapshot: CatalogSnapshot): number | undefined {
  const schema = snapshot.get(scan.table)?.schema;
  const at = scan.columns.findIndex((column) => column.id === id);
  if (!schema?.nested || at < 0) return undefined;
  const fields = readableFields(schema);
  const whole = [...fieldPath(fields[scan.source[at]!]!), ...path].join("\0");
  const found = fields.findIndex((field) => fieldPath(field).join("\0") === whole);
  return found < 0 ? undefined : found;
}

function withFields(scan: LogicalScan, wanted: Wanted, snapshot: CatalogSnapshot): LogicalScan {
  if (wanted.size === 0) return scan;
  const added = [...wanted.values()];
  const sources = added.map((field) => sourceOf(scan, field, snapshot)!);
  return {
    ...scan,
    columns: [...scan.columns, ...added.map(({ column }) => column)],
    source: [...scan.source, ...sources],
  };
}

/** The column is called as it is written: `s.a`. */
function named(expr: Expr, { path }: FieldOf): Pick<Column, "name" | "type"> {
  const root = [...subexpressions(expr)].find((part) => part.kind === "column");
  return { name: [root?.kind === "column" ? root.name : "", ...path].join("."), type: expr.type };
}

/** A join in between may have made it so. */
function nullable(column: ColumnExpr): ColumnExpr {
  return column.nullable ? column : { ...column, nullable: true };
}
