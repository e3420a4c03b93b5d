/** Files: how long they are, what they are called, that what they export is documented, and that documents name real paths. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";

const root = join(import.meta.dirname, "../..");
const linesMax = 500;
const vagueNames: ReadonlySet<string> = new Set([
  "utils",
  "util",
  "helpers",
  "helper",
  "common",
  "core",
  "manager",
  "misc",
]);

function files(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

const folders = ["lib", "bin", "functions", "test", "bench", "examples"];
const sources = folders.flatMap(files).filter((file) => file.endsWith(".ts") && !/\.gen\.ts$|\.d\.ts$/.test(file));

describe("source files", () => {
  it(`have at most ${linesMax} lines`, () => {
    const long = sources.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length - 1 > linesMax);
    assert.deepEqual(
      long.filter((file) => file.startsWith("lib/")),
      [],
    );
  });

  it("have kebab-case names", () => {
    const wrong = sources.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|long|gen))?\.ts$/.test(basename(file)));
    assert.deepEqual(wrong, []);
  });

  it("are not called utils, helpers, common, core or manager, nor are folders", () => {
    const wrong = sources.filter((file) => file.split("/").some((part) => vagueNames.has(part.replace(/\.ts$/, ""))));
    assert.deepEqual(wrong, []);
  });
});

describe("the public surface", () => {
  /** Exports of lib/index.ts, with the file that declares them. */
  const index = readFileSync(join(root, "lib/index.ts"), "utf8");
  const exported = [...index.matchAll(/export (?:type )?\{([^}]*)\} from "\.\/([^"]+)"/g)].flatMap(([, names, file]) =>
    names!.split(",").map((name) => ({ name: name.trim().replace(/^type /, ""), file: `lib/${file}` })),
  );

  it("is found", () => assert.ok(exported.length > 10));

  for (const { name, file } of exported.filter(({ name }) => name !== "")) {
    it(`${name} is documented`, () => {
      const text = readFileSync(join(root, file), "utf8");
      const declaration = new RegExp(
        `\\*/\\n(?:export )(?:abstract )?(?:class|interface|type|const|function) ${name}\\b`,
      );
      assert.ok(declaration.test(text), `${file} has no docstring for ${name}`);
    });
  }

  it("every public method of SessionContext and QueryHandle is documented", () => {
    const missing = ["lib/session/session.ts", "lib/session/query-handle.ts"].flatMap((file) => {
      const lines = readFileSync(join(root, file), "utf8").split("\n");
      return lines.flatMap((line, i) => {
        const name = /^ {2}(?:static )?(?:async )?\*?(?:get )?([a-z]\w*)(?:<[^>]*>)?\(.*\{$/.exec(line)?.[1];
        if (name === undefined || name === "constructor" || name === "if") return [];
        return lines[i - 1]!.trimEnd().endsWith("*/") ? [] : [`${file}: ${name}`];
      });
    });
    assert.deepEqual(missing, []);
  });
});

describe("documents", () => {
  const documents = [
    ...readdirSync(root).filter((name) => name.endsWith(".md")),
    ...files("docs").filter((name) => name.endsWith(".md")),
  ];

  for (const document of documents) {
    it(`${document} names real paths`, () => {
      const text = readFileSync(join(root, document), "utf8");
      const named = [...text.matchAll(/`((?:lib|bin|bench|docs|functions)\/[\w./{},*-]+|test\/[\w./{},-]+)`/g)].map(
        (match) => match[1]!,
      );
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map((match) =>
        join(dirname(document), match[1]!),
      );
      const missing = [...named.flatMap(expand), ...links].filter(
        (path) => !existsSync(join(root, path.replace(/\/$/, ""))),
      );
      assert.deepEqual(missing, []);
    });
  }
});

/** lib/{a,b}.ts → lib/a.ts, lib/b.ts; a pattern with * stands for its folder. */
function expand(path: string): string[] {
  const braces = /^(.*)\{([^}]*)\}(.*)$/.exec(path);
  if (braces) return braces[2]!.split(",").flatMap((part) => expand(`${braces[1]}${part}${braces[3]}`));
  return [path.includes("*") ? dirname(path.slice(0, path.indexOf("*") + 1)) : path];
}
