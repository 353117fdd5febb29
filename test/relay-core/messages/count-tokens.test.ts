import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateInputTokens } from '../../../relay-core/messages/count-tokens.ts';

const before = 'claude-opus-4-6';
const since = 'claude-opus-5-5';

const tokensOf = (body: unknown): number => {
  const estimate = estimateInputTokens(body);
  if (!estimate.ok) throw new Error(estimate.reason);
  return estimate.tokens;
};

const user = (content: unknown, rest: object = {}) => ({
  model: since,
  messages: [{ role: 'user', content }],
  ...rest,
});

const empty = tokensOf(user(''));
const costOf = (...blocks: readonly unknown[]) => tokensOf(user(blocks)) - empty;

const fixture = (name: string): unknown => {
  const url = new URL(`../../fixtures/claude-code-requests/${name}.json`, import.meta.url);
  const recorded: { body: unknown } = JSON.parse(readFileSync(url, 'utf8'));
  return recorded.body;
};

/** Letters, digits, blanks, signs, CJK, emoji, lone surrogates: all that the classes tell apart. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('word', 'longer', 'UP', 'é', ' ', '12'), maxLength: 5 }),
  fc.string({ unit: fc.constantFrom(...'abzAZ059  \t\n.,(){}"é中あ한я→😀'), maxLength: 60 }),
);

const anyUnit = fc.oneof(
  fc.constantFrom(...' aA7\n.,é中я'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);

describe('the estimate against published figures', () => {
  // https://platform.claude.com/docs/en/build-with-claude/token-counting answers 14 and 403.
  it('is within a token of the small example', () => {
    const messages = [{ role: 'user', content: 'Hello, Claude' }];
    const tokens = tokensOf({ model: before, system: 'You are a scientist', messages });
    expect(Math.abs(tokens - 14)).toBeLessThanOrEqual(1);
  });

  it('is within 10 % of the example with a tool', () => {
    const tool = {
      name: 'get_weather',
      description: 'Get the current weather in a given location',
      input_schema: {
        type: 'object',
        properties: {
          location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' },
        },
        required: ['location'],
      },
    };
    const content = "What's the weather like in San Francisco?";
    // The example is as old as these models; newer ones have another tool prompt.
    const tokens = tokensOf(user(content, { model: 'claude-3-7-sonnet-20250219', tools: [tool] }));
    expect(Math.abs(tokens / 403 - 1)).toBeLessThan(0.1);
  });

  // Anthropic's glossary: about 3.5 English characters a token; users measured 4.33 before 4.7 and 3.6 since.
  it.each([
    [before, 4.1, 5],
    [since, 3.2, 3.8],
  ])('counts English of %s at %d to %d characters a token', (model, least, most) => {
    const prose = readFileSync(new URL('../../../LICENSE', import.meta.url), 'utf8').replaceAll('\n', ' ');
    const ratio = prose.length / tokensOf(user(prose, { model }));
    expect(ratio).toBeGreaterThan(least);
    expect(ratio).toBeLessThan(most);
  });

  it.each([
    ['Chinese', '机器学习模型可以理解和生成自然语言。', 0.9, 1.1],
    ['Japanese', 'モデルは自然言語を理解することができます。', 0.7, 0.95],
    ['Korean', '기계 학습 모델은 자연어를 이해합니다.', 0.9, 1.3],
    ['emoji', '🔥🚀🎉💡🌍', 1.2, 2],
    ['base64', 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'.repeat(20), 0.5, 0.8],
    ['digits', '3141592653589793', 0.3, 0.7],
    ['blanks', ' '.repeat(400), 0, 0.1],
  ])('counts %s at its own rate', (...row) => {
    const [, text, least, most] = row;
    const perUnit = costOf({ type: 'text', text }) / text.length;
    expect(perUnit).toBeGreaterThan(least);
    expect(perUnit).toBeLessThan(most);
  });

  it.each(['claude-opus-4-7', 'anthropic.claude-sonnet-5', 'claude-haiku-5-5@20261001', 'opus'])(
    'takes the tokenizer of 4.7 for %s',
    (model) => {
      const text = 'Several perfectly ordinary English sentences. '.repeat(20);
      expect(tokensOf(user(text, { model })) / tokensOf(user(text, { model: before }))).toBeGreaterThan(1.2);
    },
  );

  it.each([
    'claude-opus-4-20250514',
    'claude-3-5-sonnet-20241022',
    'us.anthropic.claude-haiku-4-5',
    'glm-5.3',
  ])('takes the tokenizer before 4.7 for %s', (model) => {
    const text = 'Several perfectly ordinary English sentences. '.repeat(20);
    expect(tokensOf(user(text, { model }))).toBe(tokensOf(user(text, { model: before })));
  });
});

describe('what is counted', () => {
  const text = 'The quick brown fox jumps over the lazy dog.';
  const cost = costOf({ type: 'text', text });

  it('is the same for a string and for a block', () => {
    expect(tokensOf(user(text))).toBe(tokensOf(user([{ type: 'text', text }])));
    expect(tokensOf(user('', { system: text }))).toBe(
      tokensOf(user('', { system: [{ type: 'text', text }] })),
    );
    expect(tokensOf(user('', { system: text })) - empty).toBe(cost);
  });

  it.each([
    ['a tool call', { type: 'tool_use', id: 't', name: 'Read', input: { path: text } }],
    ['a result', { type: 'tool_result', tool_use_id: 't', content: text }],
    ['a nested result', { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text }] }],
    ['thinking', { type: 'thinking', thinking: text, signature: 's'.repeat(500) }],
    ['hidden thinking', { type: 'redacted_thinking', data: 'x'.repeat(100) }],
    ['a search result', { type: 'search_result', source: '', title: '', content: [{ type: 'text', text }] }],
    ['a text document', { type: 'document', source: { type: 'text', data: text } }],
    ['a document of blocks', { type: 'document', source: { type: 'content', content: text } }],
    ['a block of tomorrow', { type: 'hologram', caption: text }],
  ])('includes %s', (_name, block) => {
    expect(costOf(block)).toBeGreaterThanOrEqual(cost);
    expect(costOf(block)).toBeLessThan(cost + 40);
  });

  it('includes tools, their published prompt and a forced choice', () => {
    const tools = [{ name: 'Read', description: text, input_schema: { type: 'object' } }];
    const withTools = tokensOf(user('', { tools }));
    expect(withTools - empty).toBeGreaterThan(354 + cost);
    expect(tokensOf(user('', { tools, tool_choice: { type: 'any' } })) - withTools).toBe(474 - 354);
    expect(tokensOf(user('', { tools: [], tool_choice: { type: 'none' } }))).toBe(empty);
  });

  it('leaves out tools that are only found by a search', () => {
    const shown = { name: 'Read', description: text, input_schema: { type: 'object' } };
    const deferred = { ...shown, name: 'Hidden', defer_loading: true };
    const tools = [shown, deferred];
    expect(tokensOf(user('', { tools }))).toBe(tokensOf(user('', { tools: [shown] })));
  });

  it("includes Anthropic's own tools, at their published price", () => {
    const tools = [{ type: 'bash_20250124', name: 'bash' }];
    expect(tokensOf(user('', { tools })) - empty).toBe(354 + 245);
  });

  it('includes the frame of each message and the output schema', () => {
    const message = { role: 'user', content: '' };
    expect(tokensOf({ model: since, messages: [message, message, message] }) - empty).toBe(8);
    expect(tokensOf(user('', { output_config: { format: { title: text } } }))).toBeGreaterThan(empty + cost);
  });

  it('counts a PDF by its pages, and one page where it has no data', () => {
    const pdf = (data: string) => ({ type: 'document', source: { type: 'base64', data } });
    const threePages = Buffer.from('%PDF /Type /Pages /Type /Page\n/Type/Page /Type /Page>>');
    const onePage = costOf({ type: 'document', source: { type: 'url', url: 'https://localhost/a.pdf' } });
    expect(costOf(pdf(threePages.toString('base64')))).toBe(3 * onePage);
    expect(costOf(pdf(Buffer.alloc(100_001).toString('base64')))).toBe(3 * onePage);
  });
});

describe('the requests of Claude Code', () => {
  it.each([
    ['count-tokens-small', 6, 12],
    // 30 KB, of which 22 KB are the recorder's dots: a run of dots costs little.
    ['count-tokens-tools', 2500, 9000],
    ['p-thinking-tool-turn-2', 3500, 15_000],
    ['p-haiku45', 5000, 25_000],
    ['tui-main-auto-mode', 4000, 18_000],
  ])('%s is counted', (name, least, most) => {
    const tokens = tokensOf(fixture(name));
    expect(tokens).toBeGreaterThan(least);
    expect(tokens).toBeLessThan(most);
    expect(tokensOf(Buffer.from(JSON.stringify(fixture(name))))).toBe(tokens);
  });
});

describe('a body that cannot be read', () => {
  const nested = (depth: number) =>
    `{"messages":[{"content":${'[{"type":"tool_result","content":'.repeat(depth)}""${'}]'.repeat(depth)}}]}`;

  it.each(['', '{', 'null', '[]', '"x"', '7', '{}', '{"messages":{}}', nested(200_000)])(
    'is refused with a reason, not thrown: %.20s',
    (body) => {
      const estimate = estimateInputTokens(Buffer.from(body));
      expect(estimate).toEqual({ ok: false, reason: expect.stringMatching(/./) });
    },
  );

  it('never throws, whatever JSON it is', () => {
    const pieces = fc.constantFrom('type', 'content', 'source', 'data', 'input', 'text', 'document', 'image');
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue({ maxDepth: 1 }),
        pieces,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(pieces, tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, value, value, (content, system, tools) => {
        const estimate = estimateInputTokens({
          model: system,
          system,
          tools: [tools],
          messages: [{ content }],
        });
        expect(estimate.ok && Number.isSafeInteger(estimate.tokens) && estimate.tokens >= 7).toBe(true);
      }),
    );
  });
});

describe('the sum', () => {
  it('never falls when text is added in front or behind', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.constantFrom(before, since), (first, second, model) => {
        const both = tokensOf(user(first + second, { model }));
        expect(both).toBeGreaterThanOrEqual(tokensOf(user(first, { model })));
        expect(both).toBeGreaterThanOrEqual(tokensOf(user(second, { model })));
      }),
      { numRuns: 1000 },
    );
  });

  it('falls by one token at most when a character is added in the midst', () => {
    fc.assert(
      fc.property(anyText, anyText, anyUnit, (a, b, more) => {
        for (const model of [before, since])
          expect(tokensOf(user(a + more + b, { model }))).toBeGreaterThanOrEqual(
            tokensOf(user(a + b, { model })) - 1,
          );
      }),
      { numRuns: 2000 },
    );
  });

  it('changes by two tokens at most when a text is cut into two blocks', () => {
    const block = (text: string) => ({ type: 'text', text });
    fc.assert(
      fc.property(anyText, anyText, (first, second) => {
        const cut = costOf(block(first), block(second));
        expect(Math.abs(cut - costOf(block(first + second)))).toBeLessThanOrEqual(2);
      }),
      { numRuns: 1000 },
    );
  });

  it('is the same for the same body, in the order of blocks too', () => {
    const blocks = fc.array(fc.record({ type: fc.constant('text'), text: anyText }), { maxLength: 6 });
    fc.assert(
      fc.property(blocks, (list) => {
        expect(costOf(...list)).toBe(costOf(...list.toReversed()));
      }),
    );
  });

  it('takes a time linear in the length, for every kind of text', () => {
    const timeOf = (text: string) => {
      const body = Buffer.from(JSON.stringify(user(text)));
      const start = performance.now();
      tokensOf(body);
      return performance.now() - start;
    };
    // 4 MB in what 1.5 s for 32 MB allows, with room for a busy machine.
    for (const unit of ['word ', ' ', 'a', 'A', '7', '{', '\n', '中', '😀', 'aB1 {"é中😀'])
      expect(timeOf(unit.repeat(4_000_000 / unit.length)), unit).toBeLessThan(600);
  });
});
