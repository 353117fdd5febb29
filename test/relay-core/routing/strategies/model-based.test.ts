import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModelBased } from '../../../../relay-core/routing/strategies/model-based.ts';
import { namesOf, ranked } from '../ranked.ts';

const modelMapping = new Map([
  ['claude', 'a'],
  ['claude-opus', 'b'],
  ['claude-opus-4-1', 'gone'],
  ['glm', 'c'],
]);
const candidates = ['a', 'b', 'c', 'd'].map((name) => ranked(name));

const order = (model: string, defaultProvider?: string) =>
  namesOf(createModelBased({ modelMapping, defaultProvider }).order(candidates, model));

describe('model_based', () => {
  it('takes the longest beginning that fits, whatever the order of the mapping', () => {
    expect(order('claude-opus-4')).toEqual(['b']);
    expect(order('claude-sonnet-4')).toEqual(['a']);
    const reversed = new Map([...modelMapping].reverse());
    const strategy = createModelBased({ modelMapping: reversed, defaultProvider: undefined });
    expect(namesOf(strategy.order(candidates, 'claude-opus-4'))).toEqual(['b']);
  });

  it('minds the case', () => {
    expect(order('Claude-opus-4')).toEqual([]);
  });

  it('goes on to the default provider, and to nobody after it', () => {
    expect(order('glm-5', 'a')).toEqual(['c', 'a']);
    expect(order('gpt-9', 'd')).toEqual(['d']);
  });

  it('names the default provider once when it is the mapped one too', () => {
    expect(order('glm-5', 'c')).toEqual(['c']);
  });

  it('does not fall back to a shorter beginning when the mapped provider is not among the candidates', () => {
    expect(order('claude-opus-4-1')).toEqual([]);
    expect(order('claude-opus-4-1', 'd')).toEqual(['d']);
    expect(order('claude-opus-4-1', 'gone')).toEqual([]);
  });

  it('drops a lone candidate that is neither mapped nor the default', () => {
    const strategy = createModelBased({ modelMapping, defaultProvider: 'a' });
    expect(strategy.order([ranked('d')], 'glm-5')).toEqual([]);
  });

  it('never gives anyone but the mapped and the default provider', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'gone');
    const mapping = fc.array(fc.tuple(fc.string({ maxLength: 3 }), name)).map((pairs) => new Map(pairs));
    fc.assert(
      fc.property(
        mapping,
        fc.option(name, { nil: undefined }),
        fc.string(),
        (pairs, defaultProvider, model) => {
          const beginnings = [...pairs.keys()].filter((beginning) => model.startsWith(beginning));
          const longest = beginnings.sort((left, right) => right.length - left.length)[0];
          const wanted = [longest === undefined ? undefined : pairs.get(longest), defaultProvider];
          const known = [...new Set(wanted)].filter((each) => each !== undefined && each !== 'gone');
          const strategy = createModelBased({ modelMapping: pairs, defaultProvider });
          expect(namesOf(strategy.order(candidates, model))).toEqual(known);
        },
      ),
    );
  });
});
