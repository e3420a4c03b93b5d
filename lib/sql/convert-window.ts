/** Windows of the parser library, to ours: OVER (…), the WINDOW clause, frames. */
import { type Span, unsupported } from "../errors.ts";
import type { FrameBound, NamedWindow, OrderItem, SqlExpr, WindowFrame, WindowRef } from "./ast.ts";
import { type Converter, convertName, spanOf, syntaxError } from "./converter.ts";
import { list, onlyFields, type Raw, unknownNode, variant } from "./raw.ts";

/** What converting a window needs of the expressions around it. */
export interface WindowConverter {
  readonly converter: Converter;
  readonly convert: (raw: unknown) => SqlExpr;
  readonly convertOrder: (raw: unknown) => OrderItem;
}

/** @param place of the name that the window follows: the function's, or its own in the WINDOW clause */
export function convertOver(context: WindowConverter, raw: unknown, place: Span): WindowRef {
  const [tag, payload] = variant(raw);
  if (tag === "NamedWindow") return { kind: "name", name: convertName(context.converter, payload) };
  const node = payload as Raw;
  if (tag !== "WindowSpec") throw unknownNode("the window", tag, place);
  onlyFields(node, ["window_name", "partition_by", "order_by", "window_frame"], place);
  const exclude = context.converter.exclusionAt(place);
  const frame = node.window_frame ? convertFrame(context, node.window_frame as Raw, place) : undefined;
  if (exclude && !frame) throw syntaxError("EXCLUDE needs a frame: ROWS, RANGE or GROUPS", place);
  return {
    kind: "spec",
    ...(node.window_name ? { base: convertName(context.converter, node.window_name) } : {}),
    partitionBy: list(node.partition_by).map(context.convert),
    orderBy: list(node.order_by).map(context.convertOrder),
    ...(frame && { frame: { ...frame, ...(exclude && { exclude }) } }),
    span: spanOf(context.converter, node) ?? place,
  };
}

export function convertNamedWindows(context: WindowConverter, raw: unknown): readonly NamedWindow[] {
  return list(raw).map((pair) => {
    const [ident, window] = list(pair);
    const name = convertName(context.converter, ident);
    return { name, window: convertOver(context, window, name.span) };
  });
}

const units: Readonly<Record<string, WindowFrame["unit"]>> = { Rows: "rows", Range: "range", Groups: "groups" };

function convertFrame(context: WindowConverter, node: Raw, place: Span): WindowFrame {
  onlyFields(node, ["units", "start_bound", "end_bound"], place);
  const unit = units[String(node.units)];
  if (!unit) throw unsupported(`a frame of ${String(node.units).toUpperCase()}`, place);
  const start = convertBound(context, node.start_bound, place);
  const end: FrameBound = node.end_bound ? convertBound(context, node.end_bound, place) : { kind: "current_row" };
  const at = spanOf(context.converter, node) ?? place;
  if (start.kind === "unbounded_following") throw syntaxError("a frame cannot start at UNBOUNDED FOLLOWING", at);
  if (end.kind === "unbounded_preceding") throw syntaxError("a frame cannot end at UNBOUNDED PRECEDING", at);
  return { unit, start, end };
}

function convertBound(context: WindowConverter, raw: unknown, place: Span): FrameBound {
  const [tag, offset] = variant(raw);
  if (tag === "CurrentRow") return { kind: "current_row" };
  if (tag !== "Preceding" && tag !== "Following") throw unknownNode("the frame bound", tag, place);
  if (!offset) return { kind: tag === "Preceding" ? "unbounded_preceding" : "unbounded_following" };
  return { kind: tag === "Preceding" ? "preceding" : "following", offset: context.convert(offset) };
}
