// Our own sentences: the parser's quote the source, and the source may hold a key.
const sentences: readonly (readonly [beginning: string, sentence: string])[] = [
  ["Can't redefine", 'this key or section is written twice: keep one'],
  ["Can't extend an inline", 'this was written with [ ] or { } above and cannot be continued by a section'],
  ['Control characters', 'a control character is not allowed here'],
  ['Unterminated string', 'a closing quote is missing here'],
  ['Unterminated multi-line', 'the closing quotes of this text are missing'],
  ['Unterminated inline', 'a closing ] or } is missing here ({ } must be on one line)'],
  ['Unknown escape', 'unknown escape after a backslash: use single quotes for text with backslashes'],
  ['Invalid unicode', 'this \\u escape is no character'],
  ['Invalid character, expected "="', 'an equals sign is missing after the key: write key = value'],
  ['Invalid character, expected whitespace, comma', 'a comma or a closing bracket is missing here'],
  ['Empty elements', 'there is a comma too many here'],
  ['Trailing commas', 'there is a comma too many here'],
  ['Key ended', 'this key has no value: write key = value'],
  ['Key without value', 'this key has no value: write key = value'],
  ['Empty bare keys', 'a name is missing between the brackets'],
  [
    'Unexpected character, expecting string',
    'a value is missing here, or text is not in quotes: write key = "text"',
  ],
  ['Unexpected character, expected only whitespace', 'only a comment can follow the value on this line'],
  ['Invalid boolean', 'this must be true or false, or text in quotes'],
  ['Unexpected character, expected whitespace, . or ]', 'a closing bracket is missing here'],
];

/** One sentence for a TOML mistake; it never repeats what the file says. */
export function describeTomlMistake(parserMessage: string): string {
  const known = sentences.find(([beginning]) => parserMessage.startsWith(beginning));
  return known?.[1] ?? 'this cannot be read as TOML; is a quote, a bracket or a line break missing?';
}
