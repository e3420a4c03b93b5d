/** The CDK app: what `npx cdk deploy` deploys. Options: lib/stack/options.ts. Needs no credentials to synthesize. */
import { App } from "aws-cdk-lib";
import { VolleyStack } from "../lib/stack/volley-stack.ts";

const app = new App();
const account = process.env.CDK_DEFAULT_ACCOUNT;
const region = process.env.CDK_DEFAULT_REGION;
new VolleyStack(app, app.node.tryGetContext("volley-stack-name") ?? "Volley", {
  ...(account && region && { env: { account, region } }),
});
