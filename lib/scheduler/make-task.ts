/** Turns a stage and the sealed manifests of its inputs into the task for one executor. */
import type { CatalogSnapshot } from "../catalog/table.ts";
import { QueryError } from "../errors.ts";
import { nodesOf } from "../physical/children.ts";
import { scanNodes } from "../physical/scan-nodes.ts";
import type { PartitionSlice, ScanInput, Stage, Task, TaskOptions } from "../stages/graph.ts";
import { exchangeKey, taskVersion } from "../stages/graph.ts";
import { pruneFiles } from "../stages/prune-files.ts";
import { dealSlices } from "../stages/sizing.ts";
import type { Win } from "./ports.ts";

/** The winning attempts of a sealed stage, by task: what its readers may read, and nothing else. */
export interface Manifest {
  readonly stage: number;
  readonly generation: number;
  readonly winners: readonly Win[];
}

export function manifestKey(queryId: string, stage: number, generation: number): string {
  return `q/${queryId}/s${stage}.g${generation}/manifest`;
}

export interface TaskMakerOptions {
  readonly queryId: string;
  readonly snapshot: CatalogSnapshot;
  readonly task: TaskOptions;
  /** By tier, what a task may hold on larger executors; absent: as `task` says. */
  readonly memoryBytesByTier?: readonly number[];
}

/** The scans of every task of a stage: slices are dealt once, so that each lies in exactly one task. */
export function scanInputs(stage: Stage, snapshot: CatalogSnapshot): readonly (readonly ScanInput[])[] {
  const scans = scanNodes(stage.plan);
  const filtered = [...nodesOf(stage.plan)].some(
    (node) => (node.kind === "scan" && node.filters.length > 0) || node.kind === "hash_join",
  );
  const dealt = scans.map((scan, i) => {
    const whole = snapshot.get(scan.table);
    if (!whole) throw new QueryError("internal", `the plan reads table ${scan.table}, which was not resolved`);
    const table = pruneFiles(whole, scan);
    const filesPruned = whole.files.length - table.files.length;
    const slices = stage.replicated[i]
      ? Array.from({ length: stage.tasks }, () => dealSlices(table, 1, false)[0]!)
      : dealSlices(table, stage.tasks, filtered);
    const { name, format, schema, csv, partitions } = table;
    return slices.map(
      (splits, task): ScanInput => ({
        table: name,
        format,
        schema,
        ...(csv && { csv }),
        ...(partitions && { partitions }),
        ...(filesPruned > 0 && task === 0 && { filesPruned }),
        splits,
      }),
    );
  });
  return Array.from({ length: stage.tasks }, (_, task) => dealt.map((slices) => slices[task]!));
}

/** The slices that a task of `stage` reads of each input stage. */
export function exchangeInputs(
  stage: Stage,
  task: number,
  manifests: ReadonlyMap<number, Manifest>,
): Record<string, readonly PartitionSlice[]> {
  const inputs: Record<string, readonly PartitionSlice[]> = {};
  for (const node of nodesOf(stage.plan)) {
    if (node.kind !== "exchange_read") continue;
    const manifest = manifests.get(node.stage);
    if (!manifest) throw new QueryError("internal", `stage ${stage.id} reads stage ${node.stage} before it is sealed`);
    inputs[exchangeKey(node)] = manifest.winners.flatMap(({ result: { key, partitions } }) => {
      const read = node.read === "all" ? partitions : [partitions[task]!];
      return read.filter(({ rows }) => rows > 0).map((slice): PartitionSlice => ({ ...slice, key }));
    });
  }
  return inputs;
}

export function makeTask(
  stage: Stage,
  task: number,
  generation: number,
  attempt: { readonly attempt: number; readonly attemptId: string; readonly tier: number },
  inputs: { readonly scans: readonly ScanInput[]; readonly exchanges: Record<string, readonly PartitionSlice[]> },
  options: TaskMakerOptions,
): Task {
  const { queryId } = options;
  const { tier } = attempt;
  const memoryBytes = options.memoryBytesByTier?.[tier] ?? options.task.memoryBytes;
  return {
    version: taskVersion,
    queryId,
    stage: stage.id,
    task,
    generation,
    attempt: attempt.attempt,
    attemptId: attempt.attemptId,
    ...(tier > 0 && { tier }),
    plan: stage.plan,
    scans: inputs.scans,
    exchanges: inputs.exchanges,
    output: stage.output,
    outputKey: `q/${queryId}/s${stage.id}.g${generation}/t${task}/a${attempt.attemptId}`,
    options: { ...options.task, memoryBytes },
  };
}
