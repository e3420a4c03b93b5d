/** The S3 adapter over the emulated S3: what every object store must do, also while the service slows down. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { S3Client } from "@aws-sdk/client-s3";
import { S3Store } from "../../lib/aws/s3-store.ts";
import { type Faults, noFaults } from "../../lib/dev/faults.ts";
import { type Listening, listen } from "../../lib/dev/http.ts";
import { S3Server } from "../../lib/dev/s3/s3-server.ts";
import { objectStoreConformance } from "../storage/conformance.ts";

const directory = mkdtempSync(join(tmpdir(), "volley-s3-store-"));
const faults: Faults = { ...noFaults };
const server = new S3Server({ directory, faults });
let listening: Listening;
let client: S3Client;
let prefixes = 0;

before(async () => {
  server.buckets.create("b");
  listening = await listen(server.handle);
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  client = new S3Client({
    endpoint: listening.url,
    region: "us-east-1",
    credentials,
    maxAttempts: 1,
    forcePathStyle: true,
  });
});
after(async () => {
  client.destroy();
  await listening.close();
  rmSync(directory, { recursive: true });
});

const store = (s3SlowDown: number) => async () => {
  faults.s3SlowDown = s3SlowDown;
  server.buckets.create(`b${++prefixes}`);
  return new S3Store(client, { bucket: `b${prefixes}`, backoffMs: 1 });
};

objectStoreConformance("S3 store", store(0));
objectStoreConformance("S3 store, one answer in ten is 503", store(0.1));
