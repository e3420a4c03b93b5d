/** `npm run localstack:deploy`: bootstraps the emulator's account and deploys the very stack there that deploys to AWS. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { emulator, endpointUrl, environment, options, outputsFile, root } from "./emulator.ts";

const programs = join(root, "node_modules/.bin");
const env = { ...process.env, ...environment, CI: "1", PATH: `${programs}${delimiter}${process.env.PATH}` };

function cdklocal(cwd: string, ...words: string[]): void {
  execFileSync(join(programs, "cdklocal"), words, { cwd, env, stdio: ["ignore", "inherit", "inherit"] });
}

process.stdout.write(`deploying to ${emulator} at ${endpointUrl}\n`);
// Beside no cdk.json, bootstrapping does not synthesize the app.
const elsewhere = mkdtempSync(join(tmpdir(), "volley-bootstrap-"));
try {
  cdklocal(elsewhere, "bootstrap", `aws://${environment.CDK_DEFAULT_ACCOUNT}/${environment.CDK_DEFAULT_REGION}`);
} finally {
  rmSync(elsewhere, { recursive: true });
}
const context = options.flatMap((option) => ["-c", option]);
cdklocal(root, "deploy", "--require-approval", "never", "--outputs-file", outputsFile, ...context);
