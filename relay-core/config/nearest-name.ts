import { closestMatch } from 'leven';

/** The candidate a typo most likely meant; undefined when none is near (about a third of its letters may differ). */
function nearestName(written: string, candidates: readonly string[]): string | undefined {
  const lowered = candidates.map((candidate) => candidate.toLowerCase());
  const maxDistance = written.length < 3 ? 0 : Math.ceil(written.length / 3);
  const nearest = closestMatch(written.toLowerCase(), lowered, { maxDistance });
  return nearest === undefined ? undefined : candidates[lowered.indexOf(nearest)];
}

/** `; did you mean "x"?`, or nothing when no candidate is near. */
export function suggestion(written: string, candidates: readonly string[]): string {
  const nearest = nearestName(written, candidates);
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}
