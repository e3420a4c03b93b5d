/** GROUP BY, with ROLLUP and CUBE written out as the grouping sets they mean. */
import { type Span, unsupported } from "../errors.ts";
import type { GroupBy, GroupItem, SqlExpr } from "./ast.ts";
import { convertExpr } from "./convert-expr.ts";
import { type Converter, syntaxError } from "./converter.ts";
import { list, variant } from "./raw.ts";

/** CUBE over n expressions means 2ⁿ sets. */
const cubeMax = 6;

export function convertGroupBy(converter: Converter, raw: unknown, span: Span | undefined): GroupBy {
  const [tag, payload] = variant(raw);
  const modifiers = tag === "All" ? list(payload) : list(list(payload)[1]);
  if (modifiers.length > 0) throw unsupported("GROUP BY … WITH ROLLUP, CUBE or TOTALS", span);
  if (tag === "All") return { kind: "all" };
  const items = list(list(payload)[0]).map((item) => convertItem(converter, item, span));
  return { kind: "items", items };
}

function convertItem(converter: Converter, raw: unknown, span: Span | undefined): GroupItem {
  const [tag, payload] = variant(raw);
  const sets = () => list(payload).map((set) => list(set).map((expr) => convertExpr(converter, expr)));
  switch (tag) {
    case "Rollup":
      return { kind: "sets", sets: rollup(sets()) };
    case "Cube": {
      if (list(payload).length > cubeMax) throw syntaxError(`CUBE takes at most ${cubeMax} expressions`, span);
      return { kind: "sets", sets: cube(sets()) };
    }
    case "GroupingSets":
      return { kind: "sets", sets: sets() };
    case "Tuple":
      return { kind: "sets", sets: [list(payload).map((expr) => convertExpr(converter, expr))] };
    default:
      return { kind: "expr", expr: convertExpr(converter, raw) };
  }
}

type Sets = readonly (readonly SqlExpr[])[];

/** ROLLUP (a, b) means (a, b), (a), (). */
function rollup(parts: Sets): Sets {
  return Array.from({ length: parts.length + 1 }, (_, dropped) => parts.slice(0, parts.length - dropped).flat());
}

/** CUBE (a, b) means (a, b), (a), (b), (). */
function cube(parts: Sets): Sets {
  const [first, ...rest] = parts;
  if (!first) return [[]];
  const without = cube(rest);
  return [...without.map((set) => [...first, ...set]), ...without];
}
