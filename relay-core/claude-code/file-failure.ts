/** Why something was not done, in a sentence for the user. */
export type Refused = { readonly ok: false; readonly message: string };

/** The system's code of an error (`EACCES`, `ENOENT` …); empty for anything else. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

const adviceByCode: Readonly<Record<string, string>> = {
  EACCES: 'Allow your user to write the file and its folder, then run again.',
  EPERM: 'Allow your user to write the file and its folder, then run again.',
  EROFS: 'It lies on a read-only disk; change it where it is managed.',
  ENOSPC: 'The disk is full; make room, then run again.',
  EISDIR: 'A folder stands in its place; move it away, then run again.',
  ENOTDIR: 'A file stands where its folder should be; move it away, then run again.',
  ELOOP: 'It is a link that leads to itself; remove the link, then run again.',
};

/** A refusal that names the system's code and says what to do. Errors without a code are thrown on. */
export function failure(what: string, error: unknown): Refused {
  const code = codeOf(error);
  // Anything without a code is a bug of ours and must surface as one.
  if (code === '') throw error;
  return { ok: false, message: `${what} (${code}). ${adviceByCode[code] ?? 'Run again.'}` };
}
