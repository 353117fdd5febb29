import { RelayError } from '../../errors.ts';
import type { HeaderList } from '../../messages/header-list.ts';
import type { MessagesCall } from '../provider.ts';
import { betaRules, fieldRules } from './capabilities.data.ts';
import type { ClaudeVersion } from './claude-version.ts';
import { dropField, stepsOf } from './drop-field.ts';

/** The betas of one request, by where they travel; each in the client's order. */
export type ChosenBetas = { readonly body: readonly string[]; readonly header: readonly string[] };

/** The smallest set: what a model gets that refused a beta without saying which. */
export const noBetas: ChosenBetas = { body: [], header: [] };

/** The betas that the client's headers name, in their order. */
const namedBetas = (headers: HeaderList): readonly string[] => {
  const named: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2)
    if (headers[at]?.toLowerCase() === 'anthropic-beta') named.push(...(headers[at + 1] ?? '').split(','));
  return named.map((beta) => beta.trim()).filter((beta) => beta !== '');
};

/** What Bedrock gets of the client's betas for this model. A model that nobody can name gets none. */
export const chooseBetas = (headers: HeaderList, model: ClaudeVersion | undefined): ChosenBetas => {
  if (model === undefined) return noBetas;
  const body = new Set<string>();
  const header = new Set<string>();
  for (const named of namedBetas(headers)) {
    const first = betaRules.get(named);
    const beta = first?.kind === 'translate' ? first.to : named;
    const rule = betaRules.get(beta);
    if (rule?.kind !== 'send') continue;
    const [from, to] = rule.models[model.family] ?? [];
    if (from === undefined || to === undefined || model.version < from || model.version > to) continue;
    if (rule.place !== 'header') body.add(beta);
    if (rule.place !== 'body') header.add(beta);
  }
  return { body: [...body], header: [...header] };
};

/** Steps and verdict of every field that may have to go. */
const droppable = [...fieldRules].flatMap(([path, rule]) =>
  rule.kind === 'keep' ? [] : [{ steps: stepsOf(path), rule }],
);
const always = () => true;

/** The body of an InvokeModel request as an object: what Bedrock knows of the client's, in the client's order. */
export const toInvokeBody = (call: MessagesCall, betas: ChosenBetas): Readonly<Record<string, unknown>> => {
  let body = call.parsed();
  for (const { steps, rule } of droppable) {
    if (rule.kind === 'drop') body = dropField(body, steps, always);
    else if (!betas.body.includes(rule.beta)) body = dropField(body, steps, always);
    else if (rule.exceptValue !== undefined)
      body = dropField(body, steps, (value) => value === rule.exceptValue);
  }
  if (typeof body !== 'object' || body === null)
    throw new RelayError('body-malformed', 'the body is no readable JSON object');
  return {
    ...body,
    anthropic_version: 'bedrock-2023-05-31',
    ...(betas.body.length === 0 ? {} : { anthropic_beta: betas.body }),
  };
};

/** Whether the client wants its answer as a stream. */
export const wantsStream = (call: MessagesCall): boolean => {
  const body = call.parsed();
  return typeof body === 'object' && body !== null && 'stream' in body && body.stream === true;
};
