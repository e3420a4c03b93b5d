/** One schema for files that differ: columns are found by name, types widen, what a file lacks is NULL. */
import {
  type DataType,
  type Field,
  isComposite,
  nestedOf,
  type Schema,
  sameMeaning,
  sameType,
  typeName,
  types,
} from "../arrow/types.ts";
import { QueryError } from "../errors.ts";
import type { ParquetFooter } from "../parquet/footer.ts";
import type { UnionOptions } from "./table.ts";

type FileSchema = Pick<ParquetFooter, "path" | "schema">;

/**
 * Columns stand in the order in which the files, in theirs, first have them.
 * @param complete whether these are all files of the table: others may lack columns
 * @throws QueryError type_mismatch with both types and files
 */
export function unionSchema(
  table: string,
  files: readonly FileSchema[],
  complete: boolean,
  { unionByName = true }: UnionOptions,
): Schema {
  const first = files[0]!;
  if (complete && files.every(({ schema }) => schema === first.schema)) return first.schema;
  const fields = new Map<string, Field>();
  const nested = new Map<string, Field & { readonly within: readonly string[] }>();
  const from = new Map<string, string>();
  for (const { path, schema } of files) {
    const present = new Set<string>();
    for (const field of schema.fields) {
      const key = field.name.toLowerCase();
      present.add(key);
      const known = fields.get(key);
      if (known) fields.set(key, merged(table, known, from.get(key)!, field, path));
      else if (unionByName || path === first.path) {
        fields.set(key, path === first.path ? field : { ...field, nullable: true });
        from.set(key, path);
        for (const inner of schema.nested ?? []) {
          if (inner.within[0]!.toLowerCase() === key) nested.set([...inner.within, inner.name].join("\0"), inner);
        }
      }
    }
    for (const [key, field] of fields) {
      if (present.has(key)) continue;
      if (!unionByName) {
        const what = `${first.path} has a column ${field.name}, ${path} has not`;
        throw new QueryError("type_mismatch", `the files of ${table} differ: ${what}`);
      }
      if (!field.nullable) fields.set(key, { ...field, nullable: true });
    }
  }
  const all = [...fields.values()].map((field) => (complete ? field : { ...field, nullable: true }));
  const shaped = all.filter((field) => nestedOf(field.type)?.kind !== "json").map((field) => field.name.toLowerCase());
  const inside = [...nested.values()].filter(({ within }) => shaped.includes(within[0]!.toLowerCase()));
  return { fields: all, ...(inside.length > 0 && { nested: inside }) };
}

function merged(table: string, known: Field, knownIn: string, other: Field, path: string): Field {
  const type = commonType(known, other);
  if (!type) {
    const what = `${known.name} is ${typeName(known.type)} in ${knownIn}, and ${typeName(other.type)} in ${path}`;
    throw new QueryError("type_mismatch", `the files of ${table} differ: ${what}`);
  }
  const nullable = known.nullable || other.nullable;
  return type === known.type && nullable === known.nullable ? known : { ...known, type, nullable };
}

const integerRank: Readonly<Record<string, number>> = { int8: 1, int16: 2, int32: 3, int64: 4 };

/** The type that holds the values of both exactly; lib/parquet/read-as.ts reads either so. */
function commonType({ type: a, unsupported }: Field, { type: b, unsupported: other }: Field): DataType | undefined {
  if (unsupported !== other) return undefined;
  if (isComposite(a) || isComposite(b)) {
    // Values of different shapes are JSON of any shape.
    if (!nestedOf(a) || !nestedOf(b)) return undefined;
    return sameMeaning(a, b) ? a : types.json;
  }
  if (sameType(a, b)) return sameMeaning(a, b) ? a : types.varchar; // JSON in one file, any text in another
  const [rankA, rankB] = [integerRank[a.kind], integerRank[b.kind]];
  if (rankA && rankB) return rankA > rankB ? a : b;
  if (isFloat(a) && isFloat(b)) return types.float64;
  if (a.kind === "decimal" && b.kind === "decimal" && a.scale === b.scale) return a.precision > b.precision ? a : b;
  return undefined;
}

function isFloat({ kind }: DataType): boolean {
  return kind === "float32" || kind === "float64";
}
