/** Where a large sort is cut into ranges, and when it is not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { RowGroupInfo, Table } from "../../lib/catalog/table.ts";
import { call, literal, column as refer } from "../../lib/expr/build.ts";
import type { Expr, LiteralValue } from "../../lib/expr/expr.ts";
import type { ScanNode } from "../../lib/physical/plan.ts";
import { rangeBounds } from "../../lib/stages/range-bounds.ts";

type Group = readonly [rows: number, min: LiteralValue, max: LiteralValue, nullCount?: number];

function bounds(
  type: DataType,
  groups: readonly Group[],
  { ranges = 4, descending = false, evenOnly = true, filters = [] as ((column: Expr) => Expr)[] } = {},
) {
  const column = { id: 5, name: "a", type, nullable: true };
  const rowGroups = groups.map(([rows, min, max, nullCount = 0]): RowGroupInfo => {
    return { rows, bytes: rows * 8, columns: [{ min, max, nullCount }] };
  });
  const statistics = { rows: groups.reduce((sum, [rows]) => sum + rows, 0), bytes: 1, exact: true, columns: [{}] };
  const table: Table = {
    name: "t",
    format: "parquet",
    schema: { fields: [{ name: "a", type, nullable: true }] },
    files: [{ path: "/t", bytes: 1, etag: "x", rowGroups }],
    statistics,
  };
  const scan: ScanNode = {
    kind: "scan",
    table: "t",
    label: "t",
    columns: [column],
    source: [0],
    filters: filters.map((filter) => filter(refer(column))),
    filterOnly: [],
  };
  const key = { expr: refer(column), descending, nullsFirst: false };
  return rangeBounds(key, scan, ranges, new Map([["t", table]]), evenOnly)?.map(([value]) => value);
}

describe("bounds of ranges", () => {
  it("divide what row groups say evenly", () => {
    assert.deepEqual(bounds(types.int32, [[1000, 0, 400]]), [100, 200, 300]);
    assert.deepEqual(bounds(types.int32, [[1000, 0, 400]], { descending: true }), [300, 200, 100]);
    assert.deepEqual(
      bounds(
        types.int64,
        [
          [100, "0", "100"],
          [300, "1000", "1300"],
        ],
        { ranges: 4 },
      ),
      ["100", "1100", "1200"],
    );
    assert.ok(Math.abs(bounds(types.float64, [[10, -1, 1]], { ranges: 2 })![0] as number) < 1e-9);
    assert.deepEqual(bounds(types.decimal(38, 2), [[10, "0", "100"]], { ranges: 2 }), ["50"]);
    // NULLs stand beside all values.
    assert.deepEqual(
      bounds(
        types.int32,
        [
          [1000, 0, 10, 990],
          [10, 10, 20],
        ],
        { ranges: 2 },
      ),
      [10],
    );
  });

  it("narrow to what filters leave", () => {
    const filters = [
      (column: Expr) => call(">=", [column, literal(types.int32, 100)]),
      (column: Expr) => call("<", [column, literal(types.int32, 200)]),
    ];
    assert.deepEqual(bounds(types.int32, [[1000, 0, 400]], { filters, ranges: 2 }), [150]);
    const nothing = [(column: Expr) => call(">", [column, literal(types.int32, 1000)])];
    assert.equal(bounds(types.int32, [[1000, 0, 400]], { filters: nothing }), undefined);
  });

  it("stay in the type at its ends", () => {
    const ends = ["-9223372036854775808", "9223372036854775807"] as const;
    for (const value of bounds(types.int64, [[10, ...ends]])!)
      assert.equal(BigInt.asIntN(64, BigInt(value as string)), BigInt(value as string));
    const most = "9".repeat(38);
    for (const value of bounds(types.decimal(38, 0), [[10, `-${most}`, most]])!)
      assert.ok((value as string).length <= 39);
    assert.ok(
      bounds(types.float64, [[10, -1.7e308, 1.7e308]], { evenOnly: false })!.every((value) => Number.isFinite(value)),
    );
  });

  it("divide texts after what they share, by plain characters", () => {
    const found = bounds(types.varchar, [[100, "customer#000000", "customer#999999"]], { ranges: 4 }) as string[];
    assert.equal(found.length, 3);
    assert.deepEqual(found, found.toSorted());
    for (const text of found) assert.match(text, /^customer#[2-7]/);
    assert.ok(
      (bounds(types.varchar, [[100, "🦆a", "🦆z"]], { evenOnly: false })! as string[]).every((text) =>
        text.startsWith("🦆"),
      ),
    );
  });

  it("are not given where nothing is known or ranges would be uneven", () => {
    assert.equal(bounds(types.boolean, [[100, false, true]]), undefined);
    assert.equal(bounds(types.int32, [[100, null, null, 100]]), undefined);
    assert.equal(
      bounds(types.int32, [
        [1000, 7, 7],
        [10, 0, 100],
      ]),
      undefined,
    );
    assert.ok(
      bounds(
        types.int32,
        [
          [1000, 7, 7],
          [10, 0, 100],
        ],
        { evenOnly: false },
      ),
    );
  });
});
