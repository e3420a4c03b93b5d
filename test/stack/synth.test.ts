/** `npx cdk synth` as a user runs it: offline, without credentials. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { functionsDirectory } from "./clusters.ts";

const root = join(import.meta.dirname, "../..");
const cdk = join(dirname(createRequire(import.meta.url).resolve("aws-cdk/package.json")), "bin/cdk");
const out = mkdtempSync(join(tmpdir(), "volley-synth-"));
after(() => rmSync(out, { recursive: true, force: true }));

async function synth(...context: string[]) {
  // A proxy that nobody answers at: what needs the network fails.
  const nowhere = "http://127.0.0.1:9";
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, AWS_EC2_METADATA_DISABLED: "true", CI: "1" };
  const options = context.flatMap((each) => ["-c", each]);
  const given = ["-c", `volley:functionsDirectory=${functionsDirectory}`, ...options];
  return promisify(execFile)(process.execPath, [cdk, "synth", "--quiet", "--output", out, ...given], {
    cwd: root,
    env,
  });
}

describe("cdk synth", () => {
  it("works offline and gives a template that is no larger than CloudFormation takes", async () => {
    await synth("volley:data=lake/sales/", "volley:auth=none");
    const text = readFileSync(join(out, "Volley.template.json"), "utf8");
    const { Resources, Outputs } = JSON.parse(text);
    assert.ok(text.length < 1_000_000 && Object.keys(Resources).length < 500);
    assert.deepEqual(Object.keys(Outputs).sort(), ["BucketName", "SchedulerName", "TableName", "Url"]);
  });

  it("refuses an unknown option", async () => {
    await assert.rejects(synth("volley:autth=none"), /unknown option volley:autth/);
  });
});
