import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LocalFiles } from "../../lib/storage/local-files.ts";
import { LocalStore } from "../../lib/storage/local-store.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";
import { objectStoreConformance } from "./conformance.ts";

const root = mkdtempSync(join(tmpdir(), "volley-stores-"));
after(() => rmSync(root, { recursive: true }));
const fresh = () => mkdtempSync(join(root, "s"));

objectStoreConformance("MemoryStore", async () => new MemoryStore());
objectStoreConformance("LocalStore", async () => new LocalStore(fresh()));
const folder = fresh();
objectStoreConformance(
  "LocalFiles",
  async () => {
    const files = new LocalFiles();
    await files.deletePrefix(`${folder}/`);
    return files;
  },
  (name) => `${folder}/${name}`,
);

test("LocalStore keeps keys inside its folder", async () => {
  const store = new LocalStore(join(fresh(), "inner"));
  for (const key of ["../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a\0b", "a\\..\\b"]) {
    await assert.rejects(store.put(key, new Uint8Array(1)), { code: "invalid_argument" });
    await assert.rejects(store.get(key), { code: "invalid_argument" });
  }
  await assert.rejects(new LocalFiles().get("relative/path"), { code: "invalid_argument" });
});

test("LocalStore leaves no temporary file behind", async () => {
  const path = fresh();
  const store = new LocalStore(path);
  await store.put("k", new Uint8Array(3), { ifAbsent: true });
  await store.put("k", new Uint8Array(3), { ifAbsent: true }).catch(() => {});
  await store.put("k", new Uint8Array(4));
  assert.deepEqual(readdirSync(path), ["k"]);
});

test("LocalFiles sees a file that is written in place change", async () => {
  const path = join(fresh(), "f");
  const files = new LocalFiles();
  writeFileSync(path, "one");
  const etag = (await files.head(path))!.etag;
  await files.get(path, { etag });
  writeFileSync(path, "four");
  await assert.rejects(files.get(path, { etag }), { code: "corrupt_file" });
});

test("LocalStore closes the files it read", { skip: process.platform !== "linux" }, async () => {
  const path = fresh();
  const store = new LocalStore(path);
  const read = () => Promise.all(Array.from({ length: 10 }, () => store.get("k")));
  for (let round = 0; round < 3; round++) {
    await store.put("k", new Uint8Array(100));
    await read();
  }
  await store.deletePrefix("k");
  await assert.rejects(read(), { code: "not_found" });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const open = readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false; // closed meanwhile
    }
  });
  assert.deepEqual(open, []);
});
