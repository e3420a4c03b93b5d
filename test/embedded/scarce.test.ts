/** Temporary folders: full disks, read-only ones, too few open files; what killed processes left behind. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { ScratchDirectory } from "../../lib/embedded/scratch-directory.ts";
import { SessionContext } from "../../lib/index.ts";
import { volley } from "../cli/command.ts";

const child = join(import.meta.dirname, "scarce-child.ts");
/** A file system of our own, where the system lets us have one. */
const mountable = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", tmpdir()]).status === 0;

describe("temporary folders", () => {
  const folder = mkdtempSync(join(tmpdir(), "volley-scarce-"));
  const table = join(folder, "t.parquet");
  const scratch = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };
  before(async () => {
    const duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
    await duckdb.run(
      `copy (select i, md5(i::varchar) as t from range(300000) r(i)) to '${table}' (row_group_size 30000)`,
    );
    duckdb.closeSync();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  interface Report {
    readonly outcomes: readonly {
      readonly failed?: { readonly code: string; readonly message: string; readonly hint?: string };
      readonly left: readonly string[];
    }[];
    readonly small: readonly (readonly number[])[];
    readonly left: readonly string[];
  }

  /** What the child reports, run by a shell after some preparation. */
  function report(prefix: readonly string[], prepare: string, temporary: string): Report {
    const script = `${prepare} && exec "$0" "$@"`;
    const args = [...prefix, "sh", "-c", script, process.execPath, child, table, temporary];
    const { stdout, stderr } = spawnSync(args[0]!, args.slice(1), { encoding: "utf8" });
    assert.match(stdout, /^\{/, stderr);
    return JSON.parse(stdout) as Report;
  }

  it("on a full disk the query fails, its files go, the session goes on", { skip: !mountable && "no mounts" }, () => {
    const temporary = scratch("full");
    const { outcomes, small, left } = report(
      ["unshare", "-rm"],
      `mount -t tmpfs -o size=3m tmpfs '${temporary}'`,
      temporary,
    );
    for (const outcome of outcomes) {
      assert.equal(outcome.failed?.code, "resource");
      assert.match(outcome.failed.message, /the disk is full/);
      assert.match(outcome.failed.hint ?? "", /TMPDIR/);
      assert.deepEqual(outcome.left, []);
    }
    assert.deepEqual(small, [[10]]);
    assert.deepEqual(left, []);
  });

  it("with too few open files too", { skip: process.platform === "win32" && "no ulimit" }, () => {
    const { outcomes, small, left } = report([], "ulimit -n 48", scratch("handles"));
    for (const { failed, left } of outcomes) {
      if (failed) assert.deepEqual([failed.code, /too many files are open/.test(failed.message)], ["resource", true]);
      assert.deepEqual(left, []);
    }
    assert.ok(
      outcomes.some(({ failed }) => failed),
      "48 open files were enough",
    );
    assert.deepEqual(small, [[10]]);
    assert.deepEqual(left, []);
  });

  it("that cannot be are an error with a remedy", async () => {
    for (const path of [join(table, "below a file")]) {
      await assert.rejects(SessionContext.standalone({ temporaryDirectory: path }), {
        code: "resource",
        hint: /TMPDIR/,
      });
    }
  });

  it("a read-only one is, for the command too", { skip: !mountable && "no mounts" }, () => {
    const temporary = scratch("read-only");
    const script = `mount -t tmpfs -o ro tmpfs '${temporary}' && TMPDIR='${temporary}' exec "$0" "$@"`;
    const { status, stderr } = spawnSync("unshare", ["-rm", "sh", "-c", script, ...volley, "select 1"], {
      encoding: "utf8",
    });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^error: cannot make a temporary folder in .*read-only/);
    assert.match(stderr, /hint: Name another/);
  });

  it("two commands at once share a parent, and leave it empty", { timeout: 60_000 }, async () => {
    const temporary = scratch("shared");
    const sql = `select count(*), min(t) from (select t, i from '${table}' order by t) s`;
    const runs = Array.from({ length: 2 }, () => {
      const process = spawn(
        volley[0]!,
        [volley[1]!, "--memory", "24MB", "--format", "csv", sql],
        withTemporary(temporary),
      );
      let out = "";
      process.stdout.on("data", (data) => {
        out += data;
      });
      return new Promise<string>((resolve) => process.on("exit", () => resolve(out)));
    });
    const [first, second] = await Promise.all(runs);
    assert.match(first!, /300000,/);
    assert.equal(second, first);
    assert.deepEqual(readdirSync(temporary), []);
  });

  it("of a killed process are swept by the next, of a living one never", { timeout: 60_000 }, async () => {
    const temporary = scratch("killed");
    const living = new ScratchDirectory(temporary);
    const endless =
      "select count(*) from range(10000) a, range(10000) b, range(10000) c where a.range * b.range % 7 = c.range";
    const killed = spawn(volley[0]!, [volley[1]!, endless], withTemporary(temporary));
    while (readdirSync(temporary).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    killed.kill("SIGKILL");
    await new Promise((resolve) => killed.on("exit", resolve));
    assert.equal(readdirSync(temporary).length, 2);
    const next = new ScratchDirectory(temporary);
    assert.deepEqual(readdirSync(temporary).sort(), [basename(living.path), basename(next.path)].sort());
    next.remove();
    living.remove();
  });

  it("of a process whose number was used again are swept, of another machine not", () => {
    const temporary = scratch("again");
    const living = new ScratchDirectory(temporary);
    const [pid, start, place] = /volley-(\d+)\.([0-9a-z]+)\.([0-9a-f]+)-/.exec(living.path)!.slice(1);
    const earlier = join(temporary, `volley-${pid}.${start}0.${place}-abcdef`);
    const elsewhere = join(temporary, `volley-${pid}.${start}0.0123abcd-abcdef`);
    const foreign = join(temporary, "volley-notes");
    for (const path of [earlier, elsewhere, foreign]) mkdirSync(path);
    const next = new ScratchDirectory(temporary);
    assert.deepEqual(
      [earlier, elsewhere, foreign, living.path].map((path) => existsSync(path)),
      [start === "0", true, true, true],
    );
    next.remove();
    living.remove();
  });
});

function withTemporary(folder: string) {
  return {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "ignore"] as ["ignore", "pipe", "ignore"],
  };
}
