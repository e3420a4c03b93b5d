/** Clusters to look at: synthesized from bundles that are one line each, so that tests build nothing. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import type { VolleyClusterProps } from "../../lib/stack/props.ts";
import { VolleyCluster } from "../../lib/stack/volley-cluster.ts";

const scratch = mkdtempSync(join(tmpdir(), "volley-stack-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

export const functionsDirectory = makeBundles(join(scratch, "functions"));

function makeBundles(directory: string): string {
  for (const kind of ["api", "scheduler", "executor"]) {
    mkdirSync(join(directory, kind), { recursive: true });
    writeFileSync(join(directory, kind, "index.mjs"), `export const handler = async () => "${kind}";\n`);
  }
  return directory;
}

/** Alarms and dashboard are most of the work of a synthesis: only tests about them have them. */
const unmonitored = { alarms: false, dashboard: false };

export interface Made {
  readonly app: App;
  readonly stack: Stack;
  readonly cluster: VolleyCluster;
  readonly template: Template;
}

export function makeCluster(props: VolleyClusterProps | ((stack: Stack) => VolleyClusterProps) = {}): Made {
  const app = new App({
    outdir: mkdtempSync(join(scratch, "out-")),
    // Properties that CloudFormation would refuse are errors here already.
    context: { "@aws-cdk/core:validateAgainstDefaultRules": true },
  });
  const stack = new Stack(app, "Volley");
  const given = typeof props === "function" ? props(stack) : props;
  const cluster = new VolleyCluster(stack, "Cluster", { functionsDirectory, ...unmonitored, ...given });
  return { app, stack, cluster, template: Template.fromStack(stack) };
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** All statements of a function's role, and each action with what it may be done to, as text. */
export function permissionsOf(template: Template, kind: string): Record<string, string[]> {
  const policies = Object.values(template.findResources("AWS::IAM::Policy"));
  const own = policies.filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(`Cluster${kind}Role`));
  const permissions: Record<string, string[]> = {};
  for (const statement of own.flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[])) {
    if (statement.Effect !== "Allow") throw new Error("unexpected deny");
    const resources = [statement.Resource].flat().map((resource) => plainText(resource) + conditionText(statement));
    for (const action of [statement.Action].flat())
      permissions[action] = [...(permissions[action] ?? []), ...resources];
  }
  return Object.fromEntries(Object.entries(permissions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function conditionText({ Condition }: Statement): string {
  return Condition === undefined ? "" : ` if ${JSON.stringify(Condition)}`;
}

/** Joins, references and attributes as text, names without their hashes. */
export function plainText(value: unknown): string {
  if (typeof value === "string") return value;
  const { Ref, "Fn::GetAtt": attribute, "Fn::Join": join } = value as Record<string, unknown>;
  if (typeof Ref === "string") return `{${unhashed(Ref)}}`;
  if (Array.isArray(attribute)) return `{${unhashed(String(attribute[0]))}}`;
  if (Array.isArray(join)) return (join[1] as unknown[]).map(plainText).join(String(join[0]));
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}

function unhashed(id: string): string {
  return id.replace(/^Cluster/, "").replace(/[0-9A-F]{8}$/, "");
}

export { Match, Template };
