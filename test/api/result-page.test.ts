/** Pages of an answer: every row once, and hardly a byte twice. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  firstPlace,
  formatPlace,
  jsonRow,
  type Place,
  pageOf,
  parsePlace,
  rowsBefore,
} from "../../lib/api/result-page.ts";
import { type QueryError, SessionContext } from "../../lib/index.ts";
import type { ResultColumnInfo, ResultSlice } from "../../lib/service/query-service.ts";

describe("pages", () => {
  let session: SessionContext;
  let columns: readonly ResultColumnInfo[];
  let slices: readonly ResultSlice[];
  /** Bytes of reads. */
  let reads: number[] = [];

  before(async () => {
    session = await SessionContext.standalone({ threads: 1, memory: "512MB", batchRows: 200 });
    const sql = "select a.i * 3000 + j as n, 'text ' || j as t from range(3) a(i), range(3000) b(j)";
    const handle = await session.sql(`${sql} order by n`);
    await handle.run();
    columns = handle.schema().fields;
    const stored = await handle.slices();
    assert.ok(stored.length > 0);
    // The same answer thrice: places must tell slices apart.
    slices = [...stored, ...stored, ...stored].map((slice) => ({
      ...slice,
      link: async () => undefined,
      read: async (range) => {
        const bytes = await slice.read(range);
        reads.push(bytes.length);
        return bytes;
      },
    }));
  });
  after(() => session.close());

  const bytes = () => slices.reduce((sum, slice) => sum + slice.bytes, 0);

  async function all(limits: { bytesMax: number; rowsMax?: number }): Promise<string[]> {
    const rows: string[] = [];
    let next: Place | undefined = firstPlace;
    while (next) {
      assert.equal(rowsBefore(slices, next), rows.length);
      const page = await pageOf(slices, parsePlace(formatPlace(next)), jsonRow(columns), limits);
      rows.push(...page.rows);
      next = page.next;
    }
    return rows;
  }

  for (const limits of [
    { bytesMax: 100_000 },
    { bytesMax: 1_000_000, rowsMax: 777 },
    { bytesMax: 1_000_000_000, rowsMax: 9_000 },
    { bytesMax: 1_000_000_000 },
  ]) {
    it(`have every row once: ${JSON.stringify(limits)}`, async () => {
      const rows = await all(limits);
      assert.equal(rows.length, 27_000);
      for (const [i, row] of rows.entries()) assert.equal(row, `[${i % 9_000},"text ${i % 3_000}"]`);
    });
  }

  it("read hardly more than their own bytes", async () => {
    reads = [];
    const page = { bytesMax: 100_000 };
    await all(page);
    const pages = (27_000 * 24) / page.bytesMax;
    const total = reads.reduce((sum, each) => sum + each, 0);
    // A page reads on to the end of its last piece, and the schema again.
    assert.ok(total < bytes() + pages * 3 * 110_000, `${total} bytes read of ${bytes()}`);
    assert.ok(Math.max(...reads) <= 110_000, `${Math.max(...reads)} bytes at once`);
  });

  it("at places that are none are not found", async () => {
    for (const place of ["0.0.1.0", "0.0.4096.0", "0.0.99999999999.0", "2.5.77.3"]) {
      await assert.rejects(
        pageOf(slices, parsePlace(place), jsonRow(columns), { bytesMax: 1000 }),
        (error: QueryError) => error.code === "not_found",
        place,
      );
    }
    assert.deepEqual(await pageOf(slices, parsePlace("9"), jsonRow(columns), { bytesMax: 1000 }), { rows: [] });
  });

  it("with the row alone are read from the slice's start", async () => {
    const { rows } = await pageOf(slices, parsePlace("1.8000"), jsonRow(columns), { bytesMax: 1000, rowsMax: 1 });
    assert.deepEqual(rows, ['[8000,"text 2000"]']);
  });
});
