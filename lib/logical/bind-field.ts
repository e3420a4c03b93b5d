/** What is inside of a value: fields of structs, elements of lists, values of maps, parts of JSON. */
import { nestedOf, typeName, types } from "../arrow/types.ts";
import { QueryError, type Span } from "../errors.ts";
import * as build from "../expr/build.ts";
import type { Expr } from "../expr/expr.ts";
import type { Name } from "../sql/ast.ts";
import { near } from "./scope.ts";

/** `operand.name` @throws QueryError unknown_column, type_mismatch */
export function bindField(operand: Expr, { text, span }: Name): Expr {
  const nested = nestedOf(operand.type);
  if (nested?.kind === "json") {
    const path = `$."${text.replace(/["\\]/g, "\\$&")}"`;
    return build.call("json_extract", [operand, build.literal(types.varchar, path)], span);
  }
  if (nested?.kind !== "struct") throw nothingInside(operand, `the field ${text}`, span);
  const names = nested.fields.map((field) => field.name);
  const lower = text.toLowerCase();
  const name = names.find((known) => known === text) ?? names.find((known) => known.toLowerCase() === lower);
  if (name !== undefined) return build.call("struct_extract", [operand, build.literal(types.varchar, name)], span);
  const of = operand.kind === "column" ? operand.name : typeName(operand.type);
  throw new QueryError("unknown_column", `there is no field ${text} in ${of}`, { span, ...near(text, names) });
}

/** `operand[index]` @throws QueryError type_mismatch */
export function bindSubscript(operand: Expr, index: Expr, span: Span): Expr {
  const nested = nestedOf(operand.type);
  switch (nested?.kind) {
    case "json":
      return build.call("json_extract", [operand, index], span);
    case "list":
      return build.call("list_extract", [operand, index], span);
    case "map":
      return build.call("map_extract_value", [operand, index], span);
    case "struct": {
      const name = index.kind === "literal" && index.type.kind === "varchar" ? index.value : undefined;
      if (typeof name === "string") return bindField(operand, { text: name, quoted: true, span });
      throw new QueryError("type_mismatch", "a field of a struct is named by a string", { span });
    }
    default:
      throw nothingInside(operand, "an element", span);
  }
}

function nothingInside({ type }: Expr, what: string, span: Span): QueryError {
  return new QueryError("type_mismatch", `a ${typeName(type)} has nothing inside: ${what} cannot be taken of it`, {
    span,
  });
}
