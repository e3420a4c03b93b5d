/** Tables to start with: TPC-H at a small scale, and whatever lies in the folder that was given. */
import { mkdirSync, readdirSync } from "node:fs";
import { join, parse } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { DynamoCatalogStore } from "../aws/dynamo-catalog-store.ts";
import { S3Store } from "../aws/s3-store.ts";
import { defaultSchema } from "../catalog/catalog-store.ts";
import { CloudCatalog } from "../catalog/cloud-catalog.ts";
import { generateTpch } from "../tpch/generate.ts";
import { accountNames, type EmulatedCloud } from "./emulated-cloud.ts";

/** Bucket of the generated tables, and of the given folder. */
export const tpchBucket = "volley-tpch";
export const dataBucket = "volley-data";

export interface DevTable {
  readonly name: string;
  readonly paths: readonly string[];
  readonly format: "parquet" | "csv";
}

/** Writes the TPC-H tables into a folder that is to be shown as `tpchBucket`. */
export async function makeTpchTables(directory: string, scale: number, parts = 3): Promise<DevTable[]> {
  mkdirSync(directory, { recursive: true });
  const { tables } = await generateTpch({ scale, out: directory, parts, threads: 2 });
  return tables.map(({ name, files }) => {
    const location = files.length > 1 ? `${name}/` : `${name}.parquet`;
    return { name, paths: [`s3://${tpchBucket}/${location}`], format: "parquet" };
  });
}

/** The files and folders of a directory that is shown as `dataBucket`. */
export function findTables(directory: string): DevTable[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry): DevTable[] => {
    const inside = entry.isDirectory() ? readdirSync(join(directory, entry.name)) : [entry.name];
    const extension = inside.map((name) => parse(name).ext).find((ext) => ext === ".parquet" || ext === ".csv");
    if (!extension) return [];
    const location = `s3://${dataBucket}/${entry.name}${entry.isDirectory() ? "/" : ""}`;
    return [{ name: parse(entry.name).name, paths: [location], format: extension === ".csv" ? "csv" : "parquet" }];
  });
}

/** Writes them into the deployment's catalog, as its operator, with their columns: the API itself reads no tables. */
export async function registerTables(cloud: EmulatedCloud, tables: readonly DevTable[]): Promise<void> {
  const dynamo = new DynamoDBClient(cloud.clientOptions("dynamo"));
  const s3 = new S3Client({ ...cloud.clientOptions("s3"), forcePathStyle: true });
  const store = new DynamoCatalogStore(dynamo, accountNames.table);
  const catalog = await CloudCatalog.load(store, new S3Store(s3));
  for (const table of tables) {
    const { schema } = await catalog.path(table.paths, table.format);
    const columns = schema.fields.map(({ name, type, nullable }) => ({ name, type, nullable }));
    await store.putTable({ schema: defaultSchema, ...table, columns }, true);
  }
  dynamo.destroy();
  s3.destroy();
}
