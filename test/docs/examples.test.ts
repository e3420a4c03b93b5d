/**
 * Examples in the documentation run, and print what they say. Those of one page share a folder, in the order of the page:
 * - ```console: "$ " starts a command, other lines are its expected output (none: not compared);
 * - ```js: a program; comments behind `console.log(…);` say what it prints, where "…" stands for anything;
 * - ```sql: statements over the tables in the folder's `tpch`; a ```text block next to it is what they print.
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
const pages = ["README.md", "docs/cli.md", "docs/library.md", "docs/sql.md"];

interface Command {
  readonly line: string;
  readonly expected: string;
}

function blocks(page: string): { readonly language: string; readonly text: string }[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({ language: match[1]!, text: match[2]! }));
}

/** What a program says that it prints, a line each; only those are compared that the program says. */
function promises(program: string): (RegExp | undefined)[] {
  const calls = [...program.matchAll(/console\.log\(.*\);(?: \/\/ (.*))?$/gm)];
  return calls.map(([, promise]) => (promise === undefined ? undefined : pattern(promise)));
}

/** Text in which "…" stands for anything. Values may be printed over several lines. */
function pattern(text: string): RegExp {
  const parts = text.replace(/\s+/g, " ").split("…");
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
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

    blocks(page).forEach(({ language, text }, i, all) => {
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
          const promised = promises(text);
          if (promised.every((promise) => promise === undefined)) return;
          const output = done.stdout.trimEnd();
          const printed = promised.length === 1 ? [output] : output.split("\n");
          assert.equal(printed.length, promised.length, done.stdout);
          promised.forEach((promise, line) => {
            if (promise) assert.match(printed[line]!.replace(/\s+/g, " "), promise);
          });
        });
      } else if (language === "sql" && page === "docs/sql.md") {
        it(text.replace(/\s+/g, " ").slice(0, 80), () => {
          const args = [join(root, "bin/volley.ts"), "--tables", "tpch"];
          const done = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", input: text });
          const next = all[i + 1];
          if (next?.language === "text") assert.equal(done.stdout + done.stderr, next.text);
          else assert.deepEqual([done.status, done.stderr], [0, ""]);
        });
      }
    });
  });
}
