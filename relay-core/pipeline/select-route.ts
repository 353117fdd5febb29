import { RelayError } from '../errors.ts';
import { type Candidate, type CandidateQuery, findCandidates } from '../routing/candidates.ts';

const hintFor = ({ upstreams, client }: CandidateQuery): string => {
  if (upstreams.length === 0) return 'no provider is in service; see `cc-relay config validate`';
  if (!client.maySpendKeys) return 'your Anthropic credential may not pass through any provider';
  return client.ownCredential.length > 0
    ? 'no provider has keys, and the credential you sent is none that may be passed through'
    : 'no provider has keys, and the request brought no Anthropic credential (log in to Claude Code, set ANTHROPIC_API_KEY, or add keys to the configuration)';
};

/** The candidates for a request, best first. Throws RelayError `no-candidate` with the remedy when there are none. */
export const selectRoute = (query: CandidateQuery): readonly Candidate[] => {
  const candidates = findCandidates(query);
  if (candidates.length > 0) return candidates;
  throw new RelayError('no-candidate', `No provider can serve this request: ${hintFor(query)}`);
};
