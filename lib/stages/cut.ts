/**
 * The cut: walks a physical plan from its leaves up, and where an operator needs its rows spread in another way than
 * they are, ends a stage and begins the next with an exchange_read. It inserts boundaries and nothing else, after the
 * plan ran as one process would (two liberties: sort and limit also run in each producer, which the reader then merges;
 * a large sort runs in ranges). The design is Ballista's; https://datafusion.apache.org/ballista/contributors-guide/architecture.html
 */
import type { CatalogSnapshot } from "../catalog/table.ts";
import { call, column, literal } from "../expr/build.ts";
import type { Column, Expr, SortKey } from "../expr/expr.ts";
import { nodesOf } from "../physical/children.ts";
import { outputColumns } from "../physical/output-columns.ts";
import type {
  AggregateNode,
  ExchangeReadNode,
  HashJoinNode,
  LimitNode,
  NestedLoopJoinNode,
  Partitioning,
  PhysicalPlan,
  ScanNode,
  SharedNode,
  SortNode,
  UnionNode,
  WindowNode,
} from "../physical/plan.ts";
import { scanNodes } from "../physical/scan-nodes.ts";
import {
  afterPartitionedJoin,
  afterProject,
  type Distribution,
  hashedOn,
  matchingKeys,
  renamed,
  split,
} from "./distribution.ts";
import type { Stage, StageGraph } from "./graph.ts";
import { rangeBounds } from "./range-bounds.ts";
import { type SizingOptions, scanTasks } from "./sizing.ts";

export interface CutOptions extends SizingOptions {
  readonly snapshot: CatalogSnapshot;
  /** Estimated rows that a node gives, all tasks together. */
  readonly estimateRows: (plan: PhysicalPlan) => number;
}

/** Part of a stage while it grows: its plan so far, and how the rows lie over its tasks. */
interface Fragment {
  readonly plan: PhysicalPlan;
  readonly tasks: number;
  readonly distribution: Distribution;
}

/** Dropping rows before they are sent must leave less than one in so many. */
const topReductionMin = 4;

export function cut(plan: PhysicalPlan, options: CutOptions): StageGraph {
  const cutter = new Cutter(options);
  const root = cutter.visit(plan);
  cutter.close(root, { kind: "single" });
  return { stages: cutter.stages, columns: outputColumns(plan) };
}

class Cutter {
  readonly stages: Stage[] = [];
  readonly #options: CutOptions;
  /** Scans that every task of their stage reads whole. */
  readonly #replicated = new Set<PhysicalPlan>();
  readonly #shared = new Map<number, { readonly stage: number; readonly partitions: number; readonly rows: number }>();
  constructor(options: CutOptions) {
    this.#options = options;
  }

  visit(node: PhysicalPlan): Fragment {
    switch (node.kind) {
      case "scan":
        return this.#scan(node);
      case "values":
      case "exchange_read":
        return { plan: node, tasks: 1, distribution: split };
      case "filter":
      case "unnest": {
        const input = this.visit(node.input);
        return { ...input, plan: { ...node, input: input.plan } };
      }
      case "project": {
        const input = this.visit(node.input);
        const distribution = afterProject(input.distribution, node);
        return { ...input, plan: { ...node, input: input.plan }, distribution };
      }
      case "aggregate":
        return this.#aggregate(node);
      case "hash_join":
        return this.#hashJoin(node);
      case "nested_loop_join":
        return node.distribution === "broadcast" ? this.#broadcastJoin(node) : this.#collectedJoin(node);
      case "sort":
        return this.#sort(node);
      case "window":
        return this.#window(node);
      case "limit":
        return this.#limit(node);
      case "union":
        return this.#union(node);
      case "single_row": {
        const input = this.#collect(this.visit(node.input));
        return { ...input, plan: { ...node, input: input.plan } };
      }
      case "shared":
        return this.#sharedRead(node);
    }
  }

  /** Ends a stage; returns its id. */
  close(fragment: Fragment, output: Partitioning): number {
    const id = this.stages.length;
    const nodes = [...nodesOf(fragment.plan)];
    this.stages.push({
      id,
      plan: fragment.plan,
      inputs: [...new Set(nodes.flatMap((node) => (node.kind === "exchange_read" ? [node.stage] : [])))],
      replicated: scanNodes(fragment.plan).map((scan) => this.#replicated.has(scan)),
      output,
      columns: outputColumns(fragment.plan),
      tasks: fragment.tasks,
      estimatedRows: this.#rows(fragment.plan),
    });
    return id;
  }

  #rows(plan: PhysicalPlan): number {
    return Math.max(1, Math.round(this.#options.estimateRows(plan)));
  }

  #scan(node: ScanNode): Fragment {
    // A copy: one table scanned twice by the same object must still be two scans of the stage.
    return { plan: { ...node }, tasks: scanTasks(node, this.#options), distribution: split };
  }

  #read(
    stage: number,
    columns: readonly Column[],
    rows: number,
    tasks: number,
    read: "partition" | "all",
  ): ExchangeReadNode {
    return { kind: "exchange_read", stage, columns, read, rows: Math.ceil(read === "all" ? rows : rows / tasks) };
  }

  /** A bare read of what another stage left in partitions can be pointed at all of them instead. */
  #rereadAll(fragment: Fragment): ExchangeReadNode | undefined {
    const { plan } = fragment;
    if (plan.kind !== "exchange_read" || plan.merge) return undefined;
    return { ...plan, read: "all", rows: plan.read === "all" ? plan.rows : plan.rows * fragment.tasks };
  }

  /** The same rows in one task. */
  #collect(fragment: Fragment, merge?: readonly SortKey[]): Fragment {
    if (fragment.tasks === 1) return fragment;
    const plan = this.#everything(fragment, { kind: "single" }, merge);
    return { plan, tasks: 1, distribution: split };
  }

  /** A read, by each task that holds it, of all of the fragment's rows. */
  #everything(fragment: Fragment, output: Partitioning, merge?: readonly SortKey[]): ExchangeReadNode {
    const reread = merge ? undefined : this.#rereadAll(fragment);
    if (reread) return reread;
    const rows = this.#rows(fragment.plan);
    const read = this.#read(this.close(fragment, output), outputColumns(fragment.plan), rows, 1, "all");
    return merge ? { ...read, merge } : read;
  }

  /** The same rows, hashed on `keys` into so many tasks. */
  #hash(fragment: Fragment, keys: readonly Expr[], partitions: number): Fragment {
    const rows = this.#rows(fragment.plan);
    const stage = this.close(fragment, { kind: "hash", keys, partitions });
    const plan = this.#read(stage, outputColumns(fragment.plan), rows, partitions, "partition");
    return { plan, tasks: partitions, distribution: hashedOn(keys) };
  }

  /** How many partitions suit so many rows: 1 when splitting them is not worth an exchange. */
  #partitions(rows: number): number {
    const { slots, partitionRowsMin, partitionRows, partitionRowsMax, partitions } = this.#options;
    if (partitions !== undefined) return partitions;
    if (rows < partitionRowsMin) return 1;
    return Math.max(Math.min(slots, Math.ceil(rows / partitionRows)), Math.ceil(rows / partitionRowsMax));
  }

  #aggregate(node: AggregateNode): Fragment {
    const input = this.visit(node.input);
    if (node.mode === "partial") return this.#aggregateOver(node, input);
    if (node.groupBy.length === 0) return this.#aggregateOver(node, this.#collect(input));
    if (input.tasks === 1 || matchingKeys(input.distribution, node.groupBy)) return this.#aggregateOver(node, input);
    const rows = node.mode === "single" ? this.#rows(input.plan) : Math.max(node.groups, 1);
    const partitions = this.#partitions(rows);
    return this.#aggregateOver(
      node,
      partitions === 1 ? this.#collect(input) : this.#hash(input, node.groupBy, partitions),
    );
  }

  #aggregateOver(node: AggregateNode, input: Fragment): Fragment {
    const distribution = renamed(input.distribution, node.groupBy, node.columns);
    return { plan: { ...node, input: input.plan }, tasks: input.tasks, distribution };
  }

  #hashJoin(node: HashJoinNode): Fragment {
    if (node.distribution === "broadcast") return this.#broadcastJoin(node);
    if (node.distribution === "collected") return this.#collectedJoin(node);
    const build = this.visit(node.build);
    const probe = this.visit(node.probe);
    if (build.tasks === 1 && probe.tasks === 1) return this.#joined(node, build, probe, split);
    return this.#partitionedJoin(node, build, probe);
  }

  /** Both sides hashed alike; a side that already is stays, and the other follows it. */
  #partitionedJoin(node: HashJoinNode, build: Fragment, probe: Fragment): Fragment {
    const buildKeys = node.keys.map((key) => key.build);
    const probeKeys = node.keys.map((key) => key.probe);
    const all = node.keys.map((_, i) => i);
    const pick = (keys: readonly Expr[], positions: readonly number[]) => positions.map((i) => keys[i]!);
    const probeHashed = probe.tasks > 1 ? matchingKeys(probe.distribution, probeKeys) : undefined;
    const buildHashed = build.tasks > 1 ? matchingKeys(build.distribution, buildKeys) : undefined;
    if (probeHashed) {
      const aligned = build.tasks === probe.tasks && String(buildHashed) === String(probeHashed);
      const other = aligned ? build : this.#hash(build, pick(buildKeys, probeHashed), probe.tasks);
      return this.#joined(node, other, probe, afterPartitionedJoin(node, probeHashed));
    }
    if (buildHashed) {
      const other = this.#hash(probe, pick(probeKeys, buildHashed), build.tasks);
      return this.#joined(node, build, other, afterPartitionedJoin(node, buildHashed));
    }
    const partitions = this.#partitions(Math.max(this.#rows(build.plan), this.#rows(probe.plan)));
    if (partitions === 1) return this.#joined(node, this.#collect(build), this.#collect(probe), split);
    const hashedBuild = this.#hash(build, buildKeys, partitions);
    const hashedProbe = this.#hash(probe, probeKeys, partitions);
    return this.#joined(node, hashedBuild, hashedProbe, afterPartitionedJoin(node, all));
  }

  #collectedJoin(node: HashJoinNode | NestedLoopJoinNode): Fragment {
    const build = this.#collect(this.visit(node.build));
    return this.#joined(node, build, this.#collect(this.visit(node.probe)), split);
  }

  /** The probe side stays where it is; each of its tasks reads, or computes again, the whole build side. */
  #broadcastJoin(node: HashJoinNode | NestedLoopJoinNode): Fragment {
    if (emitsBuildRows(node)) return this.#collectedJoin(node);
    const build = this.visit(node.build);
    const probe = this.visit(node.probe);
    if (build.tasks === 1 && (probe.tasks === 1 || this.#replicate(build.plan))) {
      return this.#joined(node, build, probe, probe.distribution);
    }
    const read = this.#everything(build, { kind: "broadcast" });
    return this.#joined(node, { ...build, plan: read }, probe, probe.distribution);
  }

  /** Whether a build side is so small that every task may compute it itself; marks its scans if so. */
  #replicate(plan: PhysicalPlan): boolean {
    const { replicateBytesMax, snapshot } = this.#options;
    const nodes = [...nodesOf(plan)];
    const cheap = ["scan", "values", "filter", "project", "hash_join"];
    if (nodes.some((node) => !cheap.includes(node.kind))) return false;
    const scans = scanNodes(plan);
    const bytes = scans.reduce((sum, scan) => sum + (snapshot.get(scan.table)?.statistics.bytes ?? Infinity), 0);
    if (bytes > replicateBytesMax) return false;
    for (const scan of scans) this.#replicated.add(scan);
    return true;
  }

  #joined(
    node: HashJoinNode | NestedLoopJoinNode,
    build: Fragment,
    probe: Fragment,
    distribution: Distribution,
  ): Fragment {
    return { plan: { ...node, build: build.plan, probe: probe.plan }, tasks: probe.tasks, distribution };
  }

  #sort(node: SortNode): Fragment {
    const input = this.visit(node.input);
    const sorted = { ...input, plan: { ...node, input: input.plan } };
    if (input.tasks === 1) return sorted;
    const ranges = node.limit === undefined ? this.#sortedRanges(node, input) : undefined;
    if (ranges) return ranges;
    const merged = this.#collect(sorted, node.keys);
    if (node.limit === undefined) return merged;
    const limit: LimitNode = { kind: "limit", input: merged.plan, limit: node.limit, offset: 0, columns: node.columns };
    return { ...merged, plan: limit };
  }

  /** Each task sorts a range of the rows: task after task they are in order. Undefined where it would not pay. */
  #sortedRanges(node: SortNode, input: Fragment): Fragment | undefined {
    const { rangeRowsMin, partitions, snapshot } = this.#options;
    const rows = this.#rows(input.plan);
    const [key] = node.keys;
    const wanted = rows < rangeRowsMin ? 1 : this.#partitions(rows);
    if (!key || wanted === 1) return undefined;
    const bounds = rangeBounds(key, node.input, wanted, snapshot, partitions === undefined);
    if (!bounds?.length) return undefined;
    const tasks = bounds.length + 1;
    const stage = this.close(input, { kind: "range", keys: [key], bounds });
    const plan = this.#read(stage, outputColumns(input.plan), rows, tasks, "partition");
    return { plan: { ...node, input: plan }, tasks, distribution: split };
  }

  /** Rows of a partition come together before they are sorted. */
  #window(node: WindowNode): Fragment {
    const sort = node.input.kind === "sort" && node.input.local ? node.input : undefined;
    const given = this.visit(sort ? sort.input : node.input);
    const moved = given.tasks > 1 && !matchingKeys(given.distribution, node.partitionBy);
    const input = this.#together(moved ? this.#topRows(node, sort, given) : given, node.partitionBy);
    const plan: PhysicalPlan = sort ? { ...sort, input: input.plan } : input.plan;
    return { ...input, plan: { ...node, input: plan } };
  }

  /** Where just the first rows of each partition are asked for, each producer drops what is not among its own first ones. */
  #topRows(node: WindowNode, sort: SortNode | undefined, input: Fragment): Fragment {
    const { top } = node;
    if (!top || !sort || this.#rows(input.plan) < top.rows * topReductionMin) return input;
    const columns = outputColumns(input.plan);
    const [rank] = node.functions;
    const number = node.columns[node.columns.length - node.functions.length]!;
    const window: WindowNode = {
      kind: "window",
      input: { ...sort, input: input.plan },
      partitionBy: node.partitionBy,
      orderBy: node.orderBy,
      functions: [rank!],
      columns: [...columns, number],
    };
    const limit = literal(number.type, String(top.limit));
    const filter: PhysicalPlan = {
      kind: "filter",
      input: window,
      predicate: call("<=", [column(number), limit]),
      columns: window.columns,
    };
    const plan: PhysicalPlan = { kind: "project", input: filter, exprs: columns.map(column), columns, rows: top.rows };
    return { ...input, plan };
  }

  /** The same rows, those that agree on the keys in one task. */
  #together(input: Fragment, keys: readonly Expr[]): Fragment {
    if (input.tasks === 1) return input;
    if (keys.length === 0) return this.#collect(input);
    if (matchingKeys(input.distribution, keys)) return input;
    const partitions = this.#partitions(this.#rows(input.plan));
    return partitions === 1 ? this.#collect(input) : this.#hash(input, keys, partitions);
  }

  #limit(node: LimitNode): Fragment {
    const input = this.visit(node.input);
    if (input.tasks === 1) return { ...input, plan: { ...node, input: input.plan } };
    const ahead: LimitNode = { ...node, limit: (node.limit ?? 0) + node.offset, offset: 0, input: input.plan };
    const local = node.limit === undefined ? input : { ...input, plan: ahead };
    const all = this.#collect(local);
    return { ...all, plan: { ...node, input: all.plan } };
  }

  /**
   * Branches whose tasks read slices of tables share the union's tasks: each slice belongs to one task, so no row is
   * given twice. A branch that must not run in every task becomes a stage whose rows are dealt out.
   */
  #union(node: UnionNode): Fragment {
    const branches = node.inputs.map((input) => this.visit(input));
    if (branches.every((branch) => branch.tasks === 1)) {
      return { plan: { ...node, inputs: branches.map((branch) => branch.plan) }, tasks: 1, distribution: split };
    }
    const sliced = branches.map((branch) => branch.tasks > 1 && readsOnlySlices(branch.plan));
    const tasks = Math.max(...branches.map((branch, i) => (sliced[i] ? branch.tasks : 1)), this.#options.slots);
    const inputs = branches.map((branch, i) => {
      if (sliced[i]) return branch.plan;
      const rows = this.#rows(branch.plan);
      const stage = this.close(branch, { kind: "round_robin", partitions: tasks });
      return this.#read(stage, outputColumns(branch.plan), rows, tasks, "partition");
    });
    return { plan: { ...node, inputs }, tasks, distribution: split };
  }

  #sharedRead(node: SharedNode): Fragment {
    let made = this.#shared.get(node.id);
    if (!made) {
      const input = this.visit(node.input);
      const rows = this.#rows(input.plan);
      const partitions = this.#partitions(rows);
      const output: Partitioning = partitions === 1 ? { kind: "single" } : { kind: "round_robin", partitions };
      made = { stage: this.close(input, output), partitions, rows };
      this.#shared.set(node.id, made);
    }
    const plan = this.#read(made.stage, node.columns, made.rows, made.partitions, "partition");
    return { plan, tasks: made.partitions, distribution: split };
  }
}

/** Whether each row of a fragment comes from a slice of a table that only one task has. */
function readsOnlySlices(plan: PhysicalPlan): boolean {
  switch (plan.kind) {
    case "scan":
      return true;
    case "filter":
    case "unnest":
    case "project":
      return readsOnlySlices(plan.input);
    case "hash_join":
    case "nested_loop_join":
      return plan.distribution === "broadcast" && readsOnlySlices(plan.probe);
    case "union":
      return plan.inputs.every(readsOnlySlices);
    default:
      return false;
  }
}

/** Such a join must see all probe rows before it knows which build rows are unmatched: copies of the build side would each emit them. */
function emitsBuildRows(node: HashJoinNode | NestedLoopJoinNode): boolean {
  return ["build_outer", "full_outer", "build_semi", "build_anti"].includes(node.joinType);
}
