/** Some records of every script once more: through the HTTP API of the emulated cloud. All of them: cloud.long.ts. */
import { after, before, describe, it } from "node:test";
import { scripts } from "./slt-check.ts";
import { SltCloud } from "./slt-cloud.ts";

const every = 12;
let cloud: SltCloud;

before(async () => {
  cloud = await SltCloud.start();
});
after(() => cloud?.close());

describe("emulated cloud, a sample", { concurrency: 3 }, () => {
  for (const [i, script] of scripts.entries()) {
    it(script, async () => {
      await cloud.check(script, { every, from: i % every });
    });
  }
});
