/** A file's columns as those of the table: by name, in a wider type, or a constant where the file has no such column. */
import { type DataType, readableFields, type Schema, sameType, typeName } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { QueryError, unsupported } from "../errors.ts";
import { type FileColumn, isNested } from "./file-schema.ts";
import type { ParquetFooter } from "./footer.ts";
import type { Conversion, ParquetColumn } from "./schema.ts";

/** A column that every row of the file has one value of. */
export interface ConstantColumn {
  readonly type: DataType;
  readonly constant: Value;
}

/** What a column of the table is read from. */
export type TableColumn = FileColumn | ConstantColumn;

export function isConstant(column: TableColumn): column is ConstantColumn {
  return "constant" in column;
}

/**
 * The column of a file that is the given readable field of the table.
 * @param at its index among the file's, undefined where it has none: then the column is NULL
 * @throws QueryError unsupported, type_mismatch
 */
export function tableColumn(footer: ParquetFooter, at: number | undefined, name: string, type: DataType): TableColumn {
  if (at === undefined) return { type, constant: null };
  const found = footer.columns[at];
  if (!found) throw unsupported(readableFields(footer.schema)[at]!.unsupported ?? `column "${name}"`);
  const read = isNested(found) ? (sameType(found.type, type) ? found : undefined) : readAs(found, type);
  if (read) return read;
  const [stored, wanted] = [typeName(found.type), typeName(type)];
  throw new QueryError("type_mismatch", `column "${name}" is ${stored} in ${footer.path} but ${wanted} in the table`);
}

/** By readable field of the table; undefined for what cannot be read. */
export function tableColumns(
  schema: Schema,
  footer: ParquetFooter,
  indexes: readonly (number | undefined)[],
): readonly (TableColumn | undefined)[] {
  return readableFields(schema).map(({ name, type }, i) => {
    try {
      return tableColumn(footer, indexes[i], name, type);
    } catch {
      return undefined;
    }
  });
}

/** The column decoded to a type that holds all its values; undefined where there is no way. */
export function readAs(column: ParquetColumn, type: DataType): ParquetColumn | undefined {
  if (sameType(column.type, type)) return column;
  const conversion = wideningConversion(column, type);
  return conversion && { ...column, type, conversion };
}

function wideningConversion({ physical, conversion, type: from }: ParquetColumn, to: DataType): Conversion | undefined {
  if (from.kind === "decimal" && to.kind === "decimal") {
    if (from.scale !== to.scale || from.precision > to.precision) return undefined;
    if (physical !== "INT32" && physical !== "INT64") return conversion;
    return to.precision <= 18 ? conversion : "widen16";
  }
  if (physical === "FLOAT" && to.kind === "float64") return "double";
  const isSmall = from.kind === "int8" || from.kind === "int16" || from.kind === "int32";
  if (physical !== "INT32" || !isSmall) return undefined;
  if (to.kind === "int16") return from.kind === "int8" ? "narrow16" : undefined;
  if (to.kind === "int32") return "plain";
  return to.kind === "int64" ? "widen" : undefined;
}
