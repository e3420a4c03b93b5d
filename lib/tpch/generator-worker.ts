/** Entry of a generator thread: writes slices of the text pool, then row groups, one request at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { QueryError } from "../errors.ts";
import { encodeRowGroup } from "../parquet/write/encode-row-group.ts";
import type { GeneratorReply, GeneratorRequest, GeneratorSetup } from "./generator-threads.ts";
import { tpchTables } from "./tables.ts";
import { textPool } from "./text-pool.ts";
import { writeText } from "./write-text.ts";

const { scale, textMemory } = workerData as GeneratorSetup;
const text = textPool(textMemory);

parentPort?.on("message", (request: GeneratorRequest) => {
  try {
    reply(request);
  } catch (thrown) {
    post({ kind: "failed", error: QueryError.from(thrown).toJSON() });
  }
});

function reply(request: GeneratorRequest): void {
  if (request.kind === "text") {
    writeText(text, request.slice.from, request.slice.end);
    post({ kind: "text" });
    return;
  }
  const { table, first, count } = request.range;
  const generator = tpchTables[table];
  const { rows, columns } = generator.generate(scale, first, count, text);
  const group = encodeRowGroup(generator.schema, columns, rows);
  post({ kind: "rows", group }, [group.bytes.buffer as ArrayBuffer]);
}

function post(message: GeneratorReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}
