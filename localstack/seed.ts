/** `npm run localstack:seed`: TPC-H tables of a tenth of a gigabyte in a bucket, registered in the catalog. */
import { createReadStream, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { generateTpch } from "../lib/tpch/generate.ts";
import { query } from "./client.ts";
import { dataBucket, environment } from "./emulator.ts";

Object.assign(process.env, environment);
const s3 = new S3Client({ forcePathStyle: true });
const directory = mkdtempSync(join(tmpdir(), "volley-seed-"));
try {
  await generateTpch({ scale: 0.1, out: join(directory, "tpch"), parts: 2 });
  await s3.send(new CreateBucketCommand({ Bucket: dataBucket })).catch((error: Error) => {
    if (!/^BucketAlready/.test(error.name)) throw error;
  });
  const root = join(directory, "tpch");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet"));
  const tables = new Set<string>();
  for (const name of files) {
    // A small table is one file, a larger one a folder: here each is a folder.
    const table = name.split("/")[0]!.replace(/\.parquet$/, "");
    tables.add(table);
    const path = join(root, name);
    const Body = createReadStream(path);
    const Key = `tpch/${table}/${basename(name)}`;
    await s3.send(new PutObjectCommand({ Bucket: dataBucket, Key, Body, ContentLength: statSync(path).size }));
  }
  for (const table of tables) {
    const location = `s3://${dataBucket}/tpch/${table}/`;
    await query(`CREATE OR REPLACE EXTERNAL TABLE ${table} STORED AS PARQUET LOCATION '${location}'`);
  }
  process.stdout.write(`${files.length} files in s3://${dataBucket}, tables ${[...tables].join(", ")}\n`);
} finally {
  rmSync(directory, { recursive: true });
}
