/** The bundles that deploy: what is in them, and what must not be. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { bundleFunctions, type FunctionBundle } from "../../lib/dev/bundle-functions.ts";

const out = mkdtempSync(join(tmpdir(), "volley-bundles-"));
let bundles: ReadonlyMap<string, FunctionBundle>;

before(async () => {
  bundles = new Map((await bundleFunctions({ out })).map((bundle) => [bundle.name, bundle]));
});
after(() => rmSync(out, { recursive: true }));

/** Sources of a bundle that gave it any code. */
function sources(name: string): string[] {
  const { metafile } = bundles.get(name)!;
  const used = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return used.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
}

describe("bundles of the functions", () => {
  it("an executor has neither parser, binder, optimizer nor service", () => {
    const found = sources("executor");
    assert.ok(found.includes("lib/executor/execute.ts"));
    assert.deepEqual(
      found.filter((path) => /^lib\/(sql|logical|optimizer|lower|api|cli|embedded|dev|stack)\//.test(path)),
      [],
    );
    assert.ok(!found.some((path) => path.includes("sqlparser") || path.includes("hono")));
  });

  it("what is seldom needed lies beside it and is loaded when needed", () => {
    const { directory, metafile } = bundles.get("executor")!;
    for (const file of ["kernels.wasm", "node_modules/parquet-wasm/parquet_wasm_bg.wasm"]) {
      assert.ok(existsSync(join(directory, file)), file);
    }
    const entry = Object.values(metafile.outputs).find((output) => output.entryPoint)!;
    assert.ok(!Object.keys(entry.inputs).includes("lib/parquet/wasm-reader.ts"));
  });

  it("all that parse SQL have the parser", () => {
    for (const { name, directory } of bundles.values()) {
      const parses = sources(name).includes("lib/sql/parser-library.ts");
      assert.equal(existsSync(join(directory, "wasm/sqlparser_rs_wasm_bg.wasm")), parses, name);
    }
  });

  it("starts fit well below 2 MiB of JavaScript", () => {
    for (const { name, startBytes } of bundles.values()) {
      assert.ok(startBytes < 2 << 20, `${name}: ${startBytes} bytes`);
    }
  });
});
