/** Another language's reader on our bytes; runs where Python has pyarrow. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { endOfStream } from "../../lib/arrow/ipc-message.ts";
import { IpcWriter } from "../../lib/arrow/ipc-write.ts";
import { type Schema, types } from "../../lib/arrow/types.ts";
import { ValueWriter } from "../../lib/arrow/value-access.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { everyType, randomValues, seeded } from "./generate.ts";

const installed = spawnSync("python3", ["-c", "import pyarrow"]).status === 0;

const script = `
import sys, json, pyarrow as pa
table = pa.ipc.open_stream(sys.stdin.buffer.read()).read_all()
table.validate(full=True)
json.dump({"rows": table.num_rows, "types": [str(f.type) for f in table.schema],
           "nulls": [c.null_count for c in table.columns], "first": table.column("i").to_pylist()}, sys.stdout)
`;

test("pyarrow reads and validates our bytes", { skip: !installed && "pyarrow is not installed" }, () => {
  const memory = new LinearMemory();
  const random = seeded(8);
  const kinds = [types.int32, ...everyType];
  const schema: Schema = {
    fields: kinds.map((type, i) => ({ name: i === 0 ? "i" : `c${i}`, type, nullable: true })),
  };
  const writer = new IpcWriter(memory, schema);
  const values = kinds.map((type) => randomValues(random, type, 200, 0.3));
  const columns = kinds.map((type, i) => new ValueWriter(memory, type).write(values[i]!));
  const stream = Buffer.concat([writer.schemaMessage(), writer.batchMessage({ length: 200, columns }), endOfStream]);
  const { status, stdout, stderr } = spawnSync("python3", ["-c", script], { input: stream, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const theirs = JSON.parse(stdout);
  assert.equal(theirs.rows, 200);
  assert.deepEqual(theirs.first, values[0]);
  assert.deepEqual(
    theirs.nulls,
    values.map((column) => column.filter((value) => value === null).length),
  );
  assert.equal(theirs.types[15], "month_day_nano_interval");
});
