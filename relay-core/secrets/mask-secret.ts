const tokenStart = /^(?:ccr_|sk-ant-[a-z]+\d*-|sk-)/;

/** A secret by its kind and last four characters; short ones show nothing of themselves. */
export function maskSecret(secret: string): string {
  const start = tokenStart.exec(secret)?.[0] ?? '';
  const rest = secret.slice(start.length);
  return `${start}…${rest.length < 16 ? '' : rest.slice(-4)}`;
}
