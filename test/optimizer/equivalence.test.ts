/** Optimized and lowered plans give what the bound plan gives, row by row, over small tables full of NULLs and ties. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import type { Catalog, Table } from "../../lib/catalog/table.ts";
import { QueryError } from "../../lib/errors.ts";
import { keyOfValue } from "../../lib/expr/value.ts";
import { bind } from "../../lib/logical/bind.ts";
import { lower } from "../../lib/lower/lower.ts";
import { optimize } from "../../lib/optimizer/optimize.ts";
import { parse } from "../../lib/sql/parse.ts";
import { checkPlan } from "../logical/check-plan.ts";
import { equivalenceQueries } from "./equivalence-queries.ts";
import { type Data, runLogical, runPhysical } from "./reference-plan.ts";

const tables = ["t", "u", "v"] as const;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** a, b: small integers; s: short text; d: a decimal. One value in four is NULL. */
function rowsOf(next: () => number, count: number): Value[][] {
  const pick = (value: () => Value) => (next() < 0.25 ? null : value());
  return Array.from({ length: count }, () => [
    pick(() => Math.floor(next() * 5)),
    pick(() => Math.floor(next() * 4)),
    pick(() => "xyz"[Math.floor(next() * 3)]!),
    pick(() => BigInt(Math.floor(next() * 400))),
  ]);
}

function tableOf(name: string, rows: number): Table {
  const fields = [
    { name: "a", type: types.int32, nullable: true },
    { name: "b", type: types.int32, nullable: true },
    { name: "s", type: types.varchar, nullable: true },
    { name: "d", type: types.decimal(9, 2), nullable: true },
  ];
  return {
    name,
    format: "parquet",
    schema: { fields },
    files: [],
    statistics: { rows, bytes: 0, exact: true, columns: [] },
  };
}

class SmallCatalog implements Catalog {
  readonly #rows: number;
  constructor(rows: number) {
    this.#rows = rows;
  }
  async table(name: readonly string[]): Promise<Table | undefined> {
    const found = tables.find((table) => table === name.at(-1));
    return found && tableOf(found, found === "u" ? 10 : this.#rows);
  }
  async path(): Promise<Table> {
    throw new QueryError("not_found", "no files");
  }
  names(): readonly string[] {
    return tables;
  }
}

function sorted(rows: Value[][]): string[] {
  return rows.map((row) => row.map(keyOfValue).join(" | ")).sort();
}

/** The rows, or the code of the error. */
function outcome(run: () => Value[][]): string[] | string {
  try {
    return sorted(run());
  } catch (error) {
    if (error instanceof QueryError && error.code !== "internal") return error.code;
    throw error;
  }
}

for (const sql of equivalenceQueries) {
  test(sql, async () => {
    for (const [seed, tableRows] of [
      [1, 10],
      [2, 1_000_000],
      [3, 10_000_000],
    ] as const) {
      const [statement] = await parse(sql);
      assert.ok(statement?.kind === "query");
      const { plan, snapshot, columnIds } = await bind(statement.query, new SmallCatalog(tableRows));
      const context = { snapshot, columnIds, slots: 2 };
      const optimized = optimize(plan, {
        ...context,
        trace: (rule, step) => {
          try {
            checkPlan(step);
          } catch (error) {
            throw new Error(`after ${rule}: ${(error as Error).message}`);
          }
        },
      });
      const physical = lower(optimized, context);
      for (const size of [0, 1, 7, 12]) {
        const next = random(seed * 100 + size);
        const data: Data = new Map(tables.map((name) => [name, rowsOf(next, size)]));
        const expected = outcome(() => runLogical(plan, data));
        assert.deepEqual(
          outcome(() => runLogical(optimized, data)),
          expected,
          `optimized, ${size} rows, seed ${seed}`,
        );
        assert.deepEqual(
          outcome(() => runPhysical(physical, data)),
          expected,
          `physical, ${size} rows, seed ${seed}`,
        );
      }
    }
  });
}
