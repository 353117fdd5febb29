import type { Server } from 'node:http';

/** Where a server listens, or why it cannot. */
export type ListenResult =
  | { readonly ok: true; readonly port: number }
  | { readonly ok: false; readonly code: string };

/** Opens the port; 0 picks a free one. An expected failure (port in use, no permission) is a value. */
export const listen = (server: Server, host: string, port: number): Promise<ListenResult> =>
  new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException) => resolve({ ok: false, code: error.code ?? 'unknown' });
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      const address = server.address();
      resolve({ ok: true, port: typeof address === 'object' && address !== null ? address.port : port });
    });
  });
