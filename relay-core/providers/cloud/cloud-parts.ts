import type { AdapterParts } from '../provider.ts';

/** Sends a form and resolves with the whole answer; rejects where there is none. Never follows redirects. */
export type PostForm = (
  url: string,
  form: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: string }>;

/** What the dialect of a cloud is made from whose tokens are fetched over HTTP. */
export type CloudParts = AdapterParts & { readonly postForm: PostForm };
