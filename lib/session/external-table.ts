/** What CREATE EXTERNAL TABLE says of its files, for the catalog. */
import type { DataType } from "../arrow/types.ts";
import type { CsvOptions, PathOptions } from "../catalog/table.ts";
import { QueryError, unsupported } from "../errors.ts";
import { nearestName } from "../expr/nearest-name.ts";
import type { CreateExternalTableStatement } from "../sql/statement-ast.ts";

/** How its files are read. @throws QueryError unsupported for a column list of Parquet, invalid_argument for an option that there is not */
export function externalTableOptions(statement: CreateExternalTableStatement): PathOptions {
  const { format, columns, partitionedBy } = statement;
  const keys = new Set(partitionedBy.map(({ name }) => name.text.toLowerCase()));
  const isKey = ({ name }: { readonly name: { readonly text: string } }) => keys.has(name.text.toLowerCase());
  const stored = columns.filter((column) => !isKey(column));
  if (stored.length > 0 && format === "parquet") {
    throw unsupported("a column list for Parquet, which has its own schema,", statement.name[0]!.span);
  }
  // A key's type stands behind it or, as in DataFusion, in the list of all columns.
  const typed = [...columns.filter(isKey), ...partitionedBy].flatMap(({ name, type }) =>
    type ? [[name.text, type] as const] : [],
  );
  const types: Record<string, DataType> = Object.fromEntries(stored.map(({ name, type }) => [name.text, type]));
  return {
    ...csvOptions(statement.options),
    ...(stored.length > 0 && { types, names: stored.map(({ name }) => name.text) }),
    ...(keys.size > 0 && {
      partitionedBy: partitionedBy.map(({ name }) => name.text),
      hiveTypes: Object.fromEntries(typed),
    }),
  };
}

function csvOptions(options: Readonly<Record<string, string>>): Partial<CsvOptions> {
  const names: Readonly<Record<string, keyof CsvOptions>> = {
    header: "header",
    has_header: "header",
    delimiter: "delimiter",
    delim: "delimiter",
    sep: "delimiter",
    quote: "quote",
    escape: "escape",
    null: "nullValue",
    nullstr: "nullValue",
    null_value: "nullValue",
  };
  const entries = Object.entries(options).map(([key, value]) => {
    const name = names[key.toLowerCase().replace(/^format\./, "")];
    if (!name) {
      const hint = nearestName(key, Object.keys(names));
      throw new QueryError("invalid_argument", `unknown option ${key}`, hint ? { hint: `Did you mean ${hint}?` } : {});
    }
    return [name, name === "header" ? /^(true|1|yes|on)$/i.test(value) : value] as const;
  });
  return Object.fromEntries(entries);
}
