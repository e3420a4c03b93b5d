/** The S3 server, driven by the real client. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as s3 from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Faults, noFaults } from "../../lib/dev/faults.ts";
import { type Listening, listen } from "../../lib/dev/http.ts";
import { Roles } from "../../lib/dev/roles.ts";
import { S3Server } from "../../lib/dev/s3/s3-server.ts";

const directory = mkdtempSync(join(tmpdir(), "volley-s3-"));
const faults: Faults = { ...noFaults };
const everything = [{ actions: ["*"], resources: ["*"] }];
const reading = [{ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::b/open/*"] }];
const roles = new Roles({ admin: everything, reader: reading }, "secret");
const server = new S3Server({ directory, faults, roles });
let listening: Listening;
let admin: s3.S3Client;
let reader: s3.S3Client;

before(async () => {
  listening = await listen(server.handle);
  const client = (role: string) =>
    new s3.S3Client({
      endpoint: listening.url,
      region: "us-east-1",
      credentials: roles.credentials(role),
      maxAttempts: 1,
    });
  admin = client("admin");
  reader = client("reader");
  await admin.send(new s3.CreateBucketCommand({ Bucket: "b" }));
});
after(async () => {
  admin.destroy();
  reader.destroy();
  await listening.close();
  rmSync(directory, { recursive: true });
});

const put = (Key: string, Body: string | Uint8Array, options: Partial<s3.PutObjectCommandInput> = {}) =>
  admin.send(new s3.PutObjectCommand({ Bucket: "b", Key, Body, ...options }));
const get = (Key: string, options: Partial<s3.GetObjectCommandInput> = {}) =>
  admin.send(new s3.GetObjectCommand({ Bucket: "b", Key, ...options }));
const text = async (answer: Promise<s3.GetObjectCommandOutput>) => (await answer).Body!.transformToString();
const named = (name: string) => (error: Error) => error.name === name;
/** Larger than what is kept in memory. */
const large = Uint8Array.from({ length: 6 << 20 }, (_, i) => i % 253);

describe("the S3 server", () => {
  it("gives back what was put, whole and by range", async () => {
    for (const key of ["x", "a b/ü+&=?#'()!*~.bin", "q/1/s0/t0"]) {
      await put(key, "0123456789");
      assert.equal(await text(get(key)), "0123456789");
    }
    assert.equal(await text(get("x", { Range: "bytes=2-4" })), "234");
    assert.equal(await text(get("x", { Range: "bytes=-3" })), "789");
    assert.equal(await text(get("x", { Range: "bytes=7-" })), "789");
    assert.equal((await get("x", { Range: "bytes=8-99" })).ContentRange, "bytes 8-9/10");
    await assert.rejects(get("x", { Range: "bytes=10-12" }), named("InvalidRange"));
    await assert.rejects(get("none"), named("NoSuchKey"));
    await assert.rejects(get("x", { Bucket: "other" }), named("NoSuchBucket"));
  });

  it("keeps large objects, and streams them", async () => {
    await put("large", large);
    const range = await get("large", { Range: "bytes=1000000-1000099" });
    assert.deepEqual([...(await range.Body!.transformToByteArray())], [...large.subarray(1000000, 1000100)]);
    assert.deepEqual(Buffer.from(await (await get("large")).Body!.transformToByteArray()), Buffer.from(large));
  });

  it("writes on condition, and pins reads", async () => {
    const races = await Promise.allSettled([..."abcdefgh"].map((each) => put("race", each, { IfNoneMatch: "*" })));
    assert.equal(races.filter((each) => each.status === "fulfilled").length, 1);
    await assert.rejects(put("race", "again", { IfNoneMatch: "*" }), named("PreconditionFailed"));
    const { ETag } = await put("race", "new");
    assert.equal(await text(get("race", { IfMatch: ETag })), "new");
    await assert.rejects(get("race", { IfMatch: '"0"' }), named("PreconditionFailed"));
    await assert.rejects(put("race", "x", { IfMatch: '"0"' }), named("PreconditionFailed"));
    await put("race", "newer", { IfMatch: ETag });
    await assert.rejects(get("race", { IfMatch: ETag }), named("PreconditionFailed"));
  });

  it("assembles uploads of many parts", async () => {
    const at = { Bucket: "b", Key: "parts" };
    const { UploadId } = await admin.send(new s3.CreateMultipartUploadCommand(at));
    const bodies = [large, Buffer.from("the rest")];
    const Parts = await Promise.all(
      bodies.map(async (Body, i) => {
        const part = await admin.send(new s3.UploadPartCommand({ ...at, UploadId, PartNumber: i + 1, Body }));
        return { PartNumber: i + 1, ETag: part.ETag };
      }),
    );
    const complete = { ...at, UploadId, MultipartUpload: { Parts } };
    await put("parts", "in the way");
    await assert.rejects(
      admin.send(new s3.CompleteMultipartUploadCommand({ ...complete, IfNoneMatch: "*" })),
      named("PreconditionFailed"),
    );
    await admin.send(new s3.DeleteObjectCommand(at));
    const done = await admin.send(new s3.CompleteMultipartUploadCommand({ ...complete, IfNoneMatch: "*" }));
    assert.match(done.ETag!, /-2"$/);
    const tail = await get("parts", { Range: `bytes=${large.length - 2}-` });
    assert.equal((await tail.Body!.transformToByteArray()).length, 10);
    const { UploadId: third } = await admin.send(new s3.CreateMultipartUploadCommand(at));
    await admin.send(new s3.AbortMultipartUploadCommand({ ...at, UploadId: third }));
  });

  it("lists in key order, by pages and by folders, and deletes", async () => {
    const names = ["l/1", "l/10", "l/2/a", "l/2/b", "l/é", "l/\u{1f986}"];
    for (const name of names) await put(name, name);
    const list = (options: Partial<s3.ListObjectsV2CommandInput>) =>
      admin.send(new s3.ListObjectsV2Command({ Bucket: "b", Prefix: "l/", ...options }));
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list({ MaxKeys: 4, ...(ContinuationToken && { ContinuationToken }) });
      keys.push(...page.Contents!.map((each) => each.Key!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    assert.deepEqual(keys, names);
    const folders = await list({ Delimiter: "/" });
    assert.deepEqual(folders.CommonPrefixes, [{ Prefix: "l/2/" }]);
    assert.equal(folders.Contents?.length, 4);
    const Objects = names.slice(0, 5).map((Key) => ({ Key }));
    await admin.send(new s3.DeleteObjectsCommand({ Bucket: "b", Delete: { Objects } }));
    assert.deepEqual(
      (await list({})).Contents?.map((each) => each.Key),
      ["l/\u{1f986}"],
    );
  });

  it("refuses what a role may not do, wrong signatures and links that are over", async () => {
    await put("open/x", "seen");
    await put("closed/x", "hidden");
    const read = (Key: string) => new s3.GetObjectCommand({ Bucket: "b", Key });
    assert.equal(await (await reader.send(read("open/x"))).Body!.transformToString(), "seen");
    await assert.rejects(reader.send(read("closed/x")), named("AccessDenied"));
    await assert.rejects(reader.send(new s3.PutObjectCommand({ Bucket: "b", Key: "open/x" })), named("AccessDenied"));
    const link = await getSignedUrl(reader, read("open/x"), { expiresIn: 60 });
    assert.equal(await (await fetch(link)).text(), "seen");
    assert.equal((await fetch(link.replace("open/x", "open/y"))).status, 403);
    assert.equal((await fetch(await getSignedUrl(reader, read("open/x"), { expiresIn: -1 }))).status, 403);
    assert.equal((await fetch(`${listening.url}/b/open/x`)).status, 403);
  });

  it("counts by role, and slows down when told to", async () => {
    const counts = server.counts.get("reader")!;
    const before = { ...counts };
    await (await reader.send(new s3.GetObjectCommand({ Bucket: "b", Key: "open/x" }))).Body!.transformToString();
    assert.equal(counts.gets, before.gets + 1);
    assert.equal(counts.bytesRead, before.bytesRead + 4);
    faults.s3SlowDown = 1;
    await assert.rejects(get("x"), named("SlowDown")).finally(() => (faults.s3SlowDown = 0));
  });

  it("shows a folder's files", async () => {
    const folder = join(directory, "folder");
    mkdirSync(join(folder, "t"), { recursive: true });
    writeFileSync(join(folder, "t/1.csv"), "a,b\n");
    server.buckets.showFolder("data", "", folder);
    assert.equal(await text(get("t/1.csv", { Bucket: "data" })), "a,b\n");
  });

  it("removes files with their objects", async () => {
    await admin.send(new s3.DeleteObjectCommand({ Bucket: "b", Key: "large" }));
    await admin.send(new s3.DeleteObjectCommand({ Bucket: "b", Key: "parts" }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(readdirSync(directory), ["folder"]);
  });
});
