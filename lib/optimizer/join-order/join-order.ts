/**
 * The cheapest order of a join graph. Up to ten relations: dynamic programming over all connected sets, bushy trees
 * included (Moerkotte and Neumann, "Analysis of Two Existing and One New Dynamic Programming Algorithm", 2006). Beyond:
 * greedy operator ordering (Fegaras, 1998). Sets that no condition connects are joined only when nothing else is left.
 */
import { broadcastCost, broadcastRowsDefault, type JoinSides, outputCost, partitionedCost } from "../cost.ts";
import type { Cardinality } from "./cardinality.ts";
import type { JoinGraph, RelationSet } from "./join-graph.ts";

/** A leaf is one relation. Of a join by which a relation hangs on others, `right` is that relation. */
export type JoinTree =
  | { readonly set: RelationSet; readonly cost: number; readonly relation: number }
  | { readonly set: RelationSet; readonly cost: number; readonly left: JoinTree; readonly right: JoinTree };

const dynamicMax = 10;

export function joinOrder(graph: JoinGraph, cardinality: Cardinality, slots: number): JoinTree {
  const search = new Search(graph, cardinality, slots);
  return graph.relations.length <= dynamicMax ? search.dynamic() : search.greedy();
}

class Search {
  readonly #graph: JoinGraph;
  readonly #cardinality: Cardinality;
  readonly #slots: number;
  readonly #edges: readonly RelationSet[];

  constructor(graph: JoinGraph, cardinality: Cardinality, slots: number) {
    this.#graph = graph;
    this.#cardinality = cardinality;
    this.#slots = slots;
    this.#edges = edges(graph);
  }

  dynamic(): JoinTree {
    const all = (1 << this.#graph.relations.length) - 1;
    for (const crossing of [false, true]) {
      const best = this.#dynamic(all, crossing);
      if (best) return best;
    }
    return this.greedy();
  }

  #dynamic(all: RelationSet, crossing: boolean): JoinTree | undefined {
    const best = new Map<RelationSet, JoinTree>();
    for (const leaf of this.#leaves()) best.set(leaf.set, leaf);
    for (let set = 1; set <= all; set++) {
      // Every way to split the set in two; the half with the lowest bit comes first, so each split is met once.
      const low = set & -set;
      for (let part = (set - 1) & set; part > 0; part = (part - 1) & set) {
        if (!(part & low)) continue;
        const left = best.get(part);
        const right = best.get(set ^ part);
        const joined = left && right && this.#join(left, right, crossing);
        const known = best.get(set);
        if (joined && (!known || joined.cost < known.cost)) best.set(set, joined);
      }
    }
    return best.get(all);
  }

  /** Joins, again and again, the two trees whose join gives the fewest rows. */
  greedy(): JoinTree {
    let trees = this.#leaves();
    while (trees.length > 1) {
      const pick = this.#smallest(trees, false) ?? this.#smallest(trees, true)!;
      trees = [...trees.filter((tree) => (tree.set & pick.set) === 0), pick];
    }
    return trees[0]!;
  }

  #smallest(trees: readonly JoinTree[], crossing: boolean): JoinTree | undefined {
    let smallest: JoinTree | undefined;
    for (const [i, a] of trees.entries()) {
      for (const b of trees.slice(i + 1)) {
        const joined = this.#join(a, b, crossing);
        if (joined && (!smallest || this.#rows(joined) < this.#rows(smallest))) smallest = joined;
      }
    }
    return smallest;
  }

  #leaves(): JoinTree[] {
    return this.#graph.relations.map((_, relation) => ({ set: 1 << relation, cost: 0, relation }));
  }

  #rows(tree: JoinTree): number {
    return "relation" in tree ? this.#cardinality.ofRelation(tree.relation) : this.#cardinality.rows(tree.set);
  }

  /** The join of two trees, if there may be one. */
  #join(a: JoinTree, b: JoinTree, crossing: boolean): JoinTree | undefined {
    if (this.#hangs(a)) return this.#hang(b, a);
    if (this.#hangs(b)) return this.#hang(a, b);
    const keyed = this.#connected(a.set, b.set);
    const single = Math.min(this.#rows(a), this.#rows(b)) <= 1;
    if (!keyed && !crossing && !single && !this.#conditioned(a.set, b.set)) return undefined;
    const [left, right] = this.#rows(a) >= this.#rows(b) ? [a, b] : [b, a];
    return this.#tree(left, right, keyed);
  }

  #hangs(tree: JoinTree): boolean {
    return "relation" in tree && this.#graph.relations[tree.relation]!.by !== undefined;
  }

  /** Hangs a relation by its join on a tree that has all it needs. */
  #hang(on: JoinTree, relation: JoinTree): JoinTree | undefined {
    if (!("relation" in relation) || this.#hangs(on)) return undefined;
    const { needs, by } = this.#graph.relations[relation.relation]!;
    if ((on.set & needs) !== needs) return undefined;
    return this.#tree(on, relation, by!.keys.length > 0);
  }

  #tree(left: JoinTree, right: JoinTree, keyed: boolean): JoinTree {
    const set = left.set | right.set;
    const work = Math.min(this.#cost(right, left, keyed), this.#cost(left, right, keyed));
    return { set, left, right, cost: left.cost + right.cost + work + outputCost(this.#cardinality.rows(set)) };
  }

  #cost(build: JoinTree, probe: JoinTree, keyed: boolean): number {
    const sides: JoinSides = {
      build: this.#rows(build),
      probe: this.#rows(probe),
      buildBytes: this.#cardinality.bytes(build.set),
      probeBytes: this.#cardinality.bytes(probe.set),
      keyed,
      slots: this.#slots,
    };
    if (!keyed) return broadcastCost(sides);
    const partitioned = partitionedCost(sides);
    return sides.build > broadcastRowsDefault ? partitioned : Math.min(broadcastCost(sides), partitioned);
  }

  #connected(a: RelationSet, b: RelationSet): boolean {
    return this.#edges.some((edge) => edge & a && edge & b);
  }

  #conditioned(a: RelationSet, b: RelationSet): boolean {
    return this.#graph.conditions.some(({ needs }) => needs & a && needs & b && (needs & (a | b)) === needs);
  }
}

/** The relations of each class of equal columns: any two of them can be joined on it. */
function edges({ relations, equal, conditions }: JoinGraph): readonly RelationSet[] {
  const ofClass = equal.map((columns) =>
    columns.reduce((set, { id }) => set | (1 << relations.findIndex((relation) => relation.columns.has(id))), 0),
  );
  const pairs = conditions.filter(({ expr, needs }) => expr.kind === "call" && expr.fn === "=" && bits(needs) === 2);
  return [...ofClass, ...pairs.map(({ needs }) => needs)];
}

function bits(set: RelationSet): number {
  let count = 0;
  for (let left = set; left !== 0; left &= left - 1) count++;
  return count;
}
