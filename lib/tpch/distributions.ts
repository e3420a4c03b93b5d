/** The word lists of the TPC-H specification (clause 4.2.2.13 and the grammar of 4.2.2.14), with their weights. */

/** Values and their weights: a draw below `totalWeight` picks a value. */
export interface Distribution {
  readonly values: readonly string[];
  readonly totalWeight: number;
  /** draw → index of the value */
  readonly picks: Uint8Array;
}

/** Words of one weight, separated by commas. */
type Weighted = readonly [weight: number, words: string];

function weighted(...groups: readonly Weighted[]): Distribution {
  const values: string[] = [];
  const picks: number[] = [];
  for (const [weight, words] of groups) {
    for (const word of words.split(", ")) {
      picks.push(...new Array<number>(weight).fill(values.length));
      values.push(word);
    }
  }
  return { values, totalWeight: picks.length, picks: Uint8Array.from(picks) };
}

function uniform(values: readonly string[]): Distribution {
  return { values, totalWeight: values.length, picks: Uint8Array.from(values, (_, i) => i) };
}

/** Every combination of one word from each list, the last list varying fastest. */
function combine(...lists: readonly string[]): string[] {
  return lists
    .map((list) => list.split(" "))
    .reduce((prefixes, words) => prefixes.flatMap((prefix) => words.map((word) => `${prefix} ${word}`)));
}

/** r_name by key. */
export const regionNames: readonly string[] = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];

const nationsByKey =
  "ALGERIA 0, ARGENTINA 1, BRAZIL 1, CANADA 1, EGYPT 4, ETHIOPIA 0, FRANCE 3, GERMANY 3, INDIA 2, INDONESIA 2, IRAN 4, " +
  "IRAQ 4, JAPAN 2, JORDAN 4, KENYA 0, MOROCCO 0, MOZAMBIQUE 0, PERU 1, CHINA 2, ROMANIA 3, SAUDI ARABIA 4, VIETNAM 2, " +
  "RUSSIA 3, UNITED KINGDOM 3, UNITED STATES 1";

/** n_name and n_regionkey by key. */
export const nations: readonly (readonly [name: string, regionKey: number])[] = nationsByKey
  .split(", ")
  .map((nation) => [nation.slice(0, -2), Number(nation.at(-1))]);

/** p_container. */
export const partContainers = uniform(combine("SM LG MED JUMBO WRAP", "CASE BOX BAG JAR PACK PKG CAN DRUM"));

/** p_type. */
export const partTypes = uniform(
  combine(
    "STANDARD SMALL MEDIUM LARGE ECONOMY PROMO",
    "ANODIZED BURNISHED PLATED POLISHED BRUSHED",
    "TIN NICKEL BRASS STEEL COPPER",
  ),
);

/** c_mktsegment. */
export const marketSegments = uniform(["AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY"]);

/** o_orderpriority. */
export const orderPriorities = uniform(["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"]);

/** l_returnflag of lines that were received by the current date. */
export const returnFlags = uniform(["R", "A"]);

/** l_shipinstruct. */
export const shipInstructions = uniform(["DELIVER IN PERSON", "COLLECT COD", "TAKE BACK RETURN", "NONE"]);

/** l_shipmode. */
export const shipModes = uniform(["REG AIR", "AIR", "RAIL", "TRUCK", "MAIL", "FOB", "SHIP"]);

/** The words of p_name. */
export const colors: readonly string[] = (
  "almond antique aquamarine azure beige bisque black blanched blue blush brown burlywood burnished chartreuse chiffon " +
  "chocolate coral cornflower cornsilk cream cyan dark deep dim dodger drab firebrick floral forest frosted gainsboro " +
  "ghost goldenrod green grey honeydew hot indian ivory khaki lace lavender lawn lemon light lime linen magenta maroon " +
  "medium metallic midnight mint misty moccasin navajo navy olive orange orchid pale papaya peach peru pink plum powder " +
  "puff purple red rose rosy royal saddle salmon sandy seashell sienna sky slate smoke snow spring steel tan thistle " +
  "tomato turquoise violet wheat white yellow"
).split(" ");

/** Nouns of the generated prose. */
export const nouns = weighted(
  [40, "packages, requests, accounts, deposits"],
  [20, "foxes, ideas, theodolites, pinto beans, instructions"],
  [10, "dependencies, excuses, platelets, asymptotes"],
  [5, "courts, dolphins"],
  [1, "multipliers, sauternes, warthogs, frets, dinos, attainments, somas, Tiresias, patterns, forges, braids, frays"],
  [1, "warhorses, dugouts, notornis, epitaphs, pearls, tithes, waters, orbits, gifts, sheaves, depths, sentiments"],
  [1, "decoys, realms, pains, grouches, escapades, hockey players"],
);

/** Verbs of the generated prose. */
export const verbs = weighted(
  [20, "sleep, wake, are, cajole, haggle"],
  [10, "nag, use, boost"],
  [5, "affix, detect, integrate"],
  [1, "maintain, nod, was, lose, sublate, solve, thrash, promise, engage, hinder, print, x-ray, breach, eat, grow"],
  [1, "impress, mold, poach, serve, run, dazzle, snooze, doze, unwind, kindle, play, hang, believe, doubt"],
);

/** Adverbs of the generated prose. */
export const adverbs = weighted(
  [1, "sometimes, always, never"],
  [50, "furiously, slyly, carefully"],
  [40, "blithely"],
  [30, "quickly"],
  [20, "fluffily"],
  [1, "slowly, quietly, ruthlessly, thinly, closely, doggedly, daringly, bravely, stealthily, permanently, enticingly"],
  [1, "idly, busily, regularly, finally, ironically, evenly, boldly, silently"],
);

/** Adjectives of the generated prose. */
export const adjectives = weighted(
  [20, "special, pending, unusual, express"],
  [1, "furious, sly, careful, blithe, quick, fluffy, slow, quiet, ruthless, thin, close, dogged, daring, brave"],
  [1, "stealthy, permanent, enticing, idle, busy"],
  [50, "regular"],
  [40, "final, ironic"],
  [30, "even"],
  [20, "bold"],
  [10, "silent"],
);

/** Prepositions of the generated prose; "whithout" is how the generator spells it. */
export const prepositions = weighted(
  [50, "about, above, according to, across, after"],
  [40, "against, along"],
  [30, "alongside of, among"],
  [20, "around"],
  [10, "at"],
  [1, "atop, before, behind, beneath, beside, besides, between, beyond, by, despite, during, except, for, from"],
  [
    1,
    "in place of, inside, instead of, into, near, of, on, outside, over, past, since, through, throughout, to, toward",
  ],
  [1, "under, until, up, upon, whithout, with, within"],
);

/** Auxiliary verbs of the generated prose. */
export const auxiliaries = weighted(
  [1, "do, may, might, shall, will, would, can, could, should, ought to, must, will have to, shall have to"],
  [1, "could have to, should have to, must have to, need to, try to"],
);

/** What ends a sentence. */
export const terminators = weighted([50, "."], [1, ";, :, ?, !, --"]);

/** Sentences: N noun phrase, V verb phrase, P prepositional phrase, T terminator. */
export const sentences = weighted([3, "NVT, NVPT, NVNT"], [1, "NPVNT, NPVPT"]);

/** Noun phrases: N noun, J adjective, D adverb, and a comma. */
export const nounPhrases = weighted([10, "N"], [20, "JN"], [10, "J,JN"], [50, "DJN"]);

/** Verb phrases: V verb, X auxiliary, D adverb. */
export const verbPhrases = weighted([30, "V"], [1, "XV"], [40, "VD"], [1, "XVD"]);
