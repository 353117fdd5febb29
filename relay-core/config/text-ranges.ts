/** A part of a text: whole lines without the line break at the end. */
export type TextRange = { readonly start: number; readonly end: number };

/** The line break a text uses. */
export function lineEndOf(source: string): string {
  return source.includes('\r\n') ? '\r\n' : '\n';
}

/** Where the line of an offset starts. */
export function lineStartAt(source: string, offset: number): number {
  return source.lastIndexOf('\n', offset - 1) + 1;
}

/** Where the line of an offset ends, before its line break; an offset right after a line break belongs to that line. */
export function lineEndAt(source: string, offset: number): number {
  const isAfterBreak = offset > 0 && source[offset - 1] === '\n';
  const breakAt = isAfterBreak ? offset - 1 : source.indexOf('\n', offset);
  if (breakAt === -1) return source.length;
  return source[breakAt - 1] === '\r' ? breakAt - 1 : breakAt;
}

/** The start of the comment lines right above a line, which belong to it; `isOwn` can turn a comment away. */
export function withCommentsAbove(
  source: string,
  lineStart: number,
  isOwn: (line: string) => boolean = () => true,
): number {
  let start = lineStart;
  while (start > 0) {
    const above = lineStartAt(source, start - 1);
    const line = source.slice(above, start);
    if (!/^[ \t]*#/.test(line) || !isOwn(line)) return start;
    start = above;
  }
  return start;
}

/** The text without a range and the line break after it; a blank line that separated it from the next goes too. */
export function withoutRange(source: string, { start, end }: TextRange): string {
  const rest = source.slice(end);
  const [gap = ''] = /^\r?\n(?:[ \t]*\r?\n)?/.exec(rest) ?? [];
  const head = source.slice(0, start);
  const isLast = rest.slice(gap.length).trim() === '';
  // At the end of the file the blank line above would be left over.
  return isLast && head !== ''
    ? head.replace(/(\r?\n)(?:[ \t]*\r?\n)+$/, '$1') + rest.slice(gap.length)
    : head + rest.slice(gap.length);
}

/** The text without a range and the line break after it. */
export function withoutLines(source: string, { start, end }: TextRange): string {
  return source.slice(0, start) + source.slice(end).replace(/^\r?\n/, '');
}

/** The text with its ranges in another order; what stands between them stays where it is. */
export function permuteRanges(
  source: string,
  ranges: readonly TextRange[],
  order: readonly number[],
): string {
  const parts = order.map((index) => source.slice(ranges[index]?.start, ranges[index]?.end));
  let written = '';
  let from = 0;
  for (const [slot, range] of ranges.entries()) {
    written += source.slice(from, range.start) + parts[slot];
    from = range.end;
  }
  return written + source.slice(from);
}

/** The text with new lines below an offset's line; `lines` come without the line break at their end. */
export function insertBelow(source: string, offset: number, lines: string): string {
  const end = lineEndAt(source, offset);
  const lineEnd = lineEndOf(source);
  const rest = source.slice(end);
  if (end === 0 && rest === '') return lines + lineEnd;
  return source.slice(0, end) + lineEnd + lines + (rest === '' ? lineEnd : rest);
}

/** Whether two texts are the same outside of the lines that a range of the first one touches. */
export function isSameOutside(before: string, after: string, { start, end }: TextRange): boolean {
  const head = before.slice(0, lineStartAt(before, start));
  const tail = before.slice(lineEndAt(before, end));
  return after.startsWith(head) && after.endsWith(tail) && after.length >= head.length + tail.length;
}
