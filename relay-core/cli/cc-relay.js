#!/usr/bin/env node
// Plain JavaScript that any Node can read: an old one gets a sentence instead of a syntax error.
import { setFlagsFromString } from 'node:v8';

// Requests are large and short-lived. A large young generation would keep their buffers until the old one must be
// collected for them: 12 full collections in 10,000 requests of 60 KB, and none with 8 MB.
setFlagsFromString('--max-semi-space-size=8');

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `cc-relay needs Node.js 24 or later; this is ${process.versions.node}. In its folder, "npm start" and "npm run relay -- <command>" bring their own.\n`,
  );
  process.exitCode = 2;
} else {
  await import('./main.ts');
}
