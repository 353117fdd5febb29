import type { UpstreamConfig } from '../../config/config.ts';
import type { Environment } from '../../ports.ts';

/** Where the models are, or what the configuration lacks, in words for the user. */
export type VertexPlace =
  | {
      readonly kind: 'known';
      readonly origin: string;
      /** `/v1/projects/{project}/locations/{region}` behind the base URL's own path. */
      readonly path: string;
      readonly region: string;
    }
  | { readonly kind: 'incomplete'; readonly reason: string };

const defaultRegion = 'us-east5';

/** Scheme and host of a region: `global` and the multi-regions have hosts of their own. */
const vertexOrigin = (region: string | undefined = defaultRegion): string => {
  switch (region) {
    case 'global':
      return 'https://aiplatform.googleapis.com';
    case 'us':
    case 'eu':
      return `https://aiplatform.${region}.rep.googleapis.com`;
    default:
      return `https://${region}-aiplatform.googleapis.com`;
  }
};

/** Percent-encodes what has a meaning in a path; `@` and `:` stand in model ids and project ids as they are. */
export const pathPart = (text: string): string =>
  encodeURIComponent(text).replaceAll('%40', '@').replaceAll('%3A', ':');

/** Where an entry's requests go; `base_url` replaces scheme and host. */
export const vertexPlace = ({ baseUrl, cloud }: UpstreamConfig, env: Environment): VertexPlace => {
  const project = cloud.gcpProjectId ?? env.GOOGLE_CLOUD_PROJECT;
  if (project === undefined || project === '')
    return {
      kind: 'incomplete',
      reason: 'the Google Cloud project is not known: set gcp_project_id, or GOOGLE_CLOUD_PROJECT',
    };
  const region = cloud.gcpRegion || defaultRegion;
  const { origin, pathname } = new URL(baseUrl === '' ? vertexOrigin(region) : baseUrl);
  // Claude Code's own variable for this address ends in /v1.
  const basePath = pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  const path = `${basePath}/v1/projects/${pathPart(project)}/locations/${pathPart(region)}`;
  return { kind: 'known', origin, path, region };
};
