/**
 * Examples in the documentation run, and print what they say: ```console blocks ("$ " starts a command, other lines are its
 * expected output, none: not compared) and ```js blocks. Those of one page share a folder, in the order of the page.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";

const root = join(import.meta.dirname, "../..");
const pages = ["README.md", "docs/cli.md", "docs/library.md"];

interface Command {
  readonly line: string;
  readonly expected: string;
}

function blocks(page: string): { readonly language: string; readonly text: string }[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({ language: match[1]!, text: match[2]! }));
}

/** A command goes on over lines until its quotes are closed. */
function commands(text: string): Command[] {
  const found: { line: string; expected: string }[] = [];
  for (const line of text.split("\n")) {
    const last = found.at(-1);
    if (line.startsWith("$ ")) found.push({ line: line.slice(2), expected: "" });
    else if (last && isOpen(last.line)) last.line += `\n${line}`;
    else if (last && line !== "") last.expected += `${line}\n`;
  }
  return found;
}

function isOpen(line: string): boolean {
  return /["']/.test(line.replace(/"[^"]*"|'[^']*'/g, ""));
}

describe("examples/", () => {
  for (const name of readdirSync(join(root, "examples"))) {
    it(name, () => {
      const done = spawnSync(process.execPath, [join(root, "examples", name)], { encoding: "utf8" });
      assert.deepEqual([done.status, done.stderr], [0, ""]);
    });
  }
});

for (const page of pages) {
  describe(page, () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "volley-test-"));
      // The package by its name, and an npx that finds the command without asking npm.
      mkdirSync(join(folder, "node_modules/volley"), { recursive: true });
      symlinkSync(join(root, "lib"), join(folder, "node_modules/volley/lib"));
      const manifest = { name: "volley", type: "module", exports: "./lib/index.ts" };
      writeFileSync(join(folder, "node_modules/volley/package.json"), JSON.stringify(manifest));
      mkdirSync(join(folder, "bin"));
      const npx = join(folder, "bin/npx");
      writeFileSync(npx, `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(root, "bin/volley.ts")}' "$@"\n`);
      chmodSync(npx, 0o755);
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    blocks(page).forEach(({ language, text }, i) => {
      if (language === "console") {
        for (const { line, expected } of commands(text)) {
          it(line.replace(/\s+/g, " ").slice(0, 80), () => {
            const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` };
            const done = spawnSync("sh", ["-c", line], { cwd: folder, encoding: "utf8", env });
            assert.equal(done.stderr, "");
            assert.equal(done.status, 0);
            if (expected !== "") assert.equal(done.stdout, expected);
          });
        }
      } else if (language === "js") {
        it(`program ${i}`, () => {
          const file = join(folder, `program-${i}.mjs`);
          writeFileSync(file, text);
          const flags = ["--preserve-symlinks-main"];
          const done = spawnSync(process.execPath, [...flags, file], { cwd: folder, encoding: "utf8" });
          assert.equal(done.stderr, "");
          assert.equal(done.status, 0);
        });
      }
    });
  });
}
