import type { Document, Pair, ParsedNode, Range, YAMLMap } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Locate, Position } from './parsed-text.ts';

/** A YAML text as nodes that remember where they were written. */
export type YamlDocument = Document<ParsedNode> | Document.Parsed;

type Step = { readonly node: unknown; readonly keyOffset: number; readonly valueOffset: number };

/** Finds config paths in a document; aliases are followed, merged keys (`<<`) count as not in the text. */
export function locateIn(document: YamlDocument, positionOf: (offset: number) => Position): Locate {
  const stepInto = stepper();
  return (path, target) => {
    let node: unknown = document.contents;
    let offset = startOf(document.contents);
    for (const [depth, segment] of path.entries()) {
      const step = stepInto(isAlias(node) ? node.resolve(document) : node, segment);
      if (step === undefined) break;
      const isLast = depth === path.length - 1;
      offset = isLast && target === 'key' ? step.keyOffset : step.valueOffset;
      node = step.node;
    }
    return positionOf(offset);
  };
}

/** Looks up the children of nodes; large maps are indexed once. */
function stepper(): (node: unknown, segment: string | number) => Step | undefined {
  const pairsOf = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();
  return (node, segment) => {
    if (!isMap(node)) return stepIntoList(node, segment);
    const pairs = pairsOf.get(node) ?? indexPairs(node);
    pairsOf.set(node, pairs);
    return stepIntoPair(pairs.get(String(segment)));
  };
}

function indexPairs(map: YAMLMap): ReadonlyMap<string, Pair> {
  return new Map(
    map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : [])),
  );
}

function stepIntoList(node: unknown, segment: string | number): Step | undefined {
  if (isSeq(node) && typeof segment === 'number') {
    const item = node.items[segment];
    if (item === undefined) return undefined;
    return { node: item, keyOffset: startOf(item), valueOffset: startOf(item) };
  }
  return undefined;
}

function stepIntoPair(pair: Pair | undefined): Step | undefined {
  if (pair === undefined) return undefined;
  const keyOffset = startOf(pair.key);
  return {
    node: pair.value,
    keyOffset,
    valueOffset: isWritten(pair.value) ? startOf(pair.value) : keyOffset,
  };
}

function rangeOf(node: unknown): Range | undefined {
  return (isMap(node) || isSeq(node) || isScalar(node) || isAlias(node)) && node.range
    ? node.range
    : undefined;
}

/** Where a node starts, as an offset into the text. */
export function startOf(node: unknown): number {
  return rangeOf(node)?.[0] ?? 0;
}

/** Where a node ends, as an offset into the text. */
export function endOf(node: unknown): number {
  return rangeOf(node)?.[1] ?? 0;
}

/** Whether a value stands in the text: that of `key:` with nothing after it does not. */
export function isWritten(node: unknown): boolean {
  return startOf(node) < endOf(node);
}
