import {
  type ConfigPath,
  type Finding,
  formatPath,
  isMap,
  valueAt,
  withoutKeyAt,
  withValueAt,
} from './config-path.ts';

/** A value that is read as if it were written elsewhere. */
type Move = { readonly from: ConfigPath; readonly to: ConfigPath };

/** The tree with every misplaced list where it was meant to be. */
export type ReadData = {
  readonly data: unknown;
  readonly notices: readonly Finding[];
  /** Where a path of `data` is written in the file. */
  readonly writtenAt: (path: ConfigPath) => ConfigPath;
};

/**
 * In TOML a `models = […]` below `[[providers.keys]]` or `[providers.model_mapping]` belongs to that section,
 * although its author meant the provider: it is moved there, with a notice.
 */
export function moveMisplacedModels(data: unknown): ReadData {
  const providers = valueAt(data, ['providers']);
  const entries: readonly unknown[] = Array.isArray(providers) ? providers : [];
  const moves = entries.flatMap(findMove);
  const moved = moves.length === 0 ? data : withValueAt(data, ['providers'], applyMoves(entries, moves));
  const byTarget = new Map(moves.map((move) => [formatPath(move.to), move]));
  return {
    data: moved,
    notices: moves.map(({ from }) => ({
      path: from,
      target: 'key',
      message: `belongs to the provider, not to ${formatPath(from.slice(2, -1))}: it is read as the provider's models`,
    })),
    writtenAt: (path) => {
      const move = path.length < 3 ? undefined : byTarget.get(formatPath(path.slice(0, 3)));
      return move === undefined ? path : [...move.from, ...path.slice(3)];
    },
  };
}

function findMove(entry: unknown, index: number): readonly Move[] {
  // A list written at its right place wins; the other one is then a mistake for the schema.
  if (!isMap(entry) || Object.hasOwn(entry, 'models')) return [];
  const keyCount = Array.isArray(entry.keys) ? entry.keys.length : 0;
  const places: readonly ConfigPath[] = [
    ['model_mapping', 'models'],
    ...Array.from({ length: keyCount }, (_, keyIndex) => ['keys', keyIndex, 'models']),
  ];
  const [place] = places.filter((path) => Array.isArray(valueAt(entry, path)));
  if (place === undefined) return [];
  return [{ from: ['providers', index, ...place], to: ['providers', index, 'models'] }];
}

function applyMoves(providers: readonly unknown[], moves: readonly Move[]): readonly unknown[] {
  const byIndex = new Map(moves.map(({ from }) => [from[1], from.slice(2)]));
  return providers.map((entry, index) => {
    const place = byIndex.get(index);
    if (place === undefined) return entry;
    const without = withoutKeyAt(entry, place);
    return withValueAt(without, ['models'], valueAt(entry, place));
  });
}
