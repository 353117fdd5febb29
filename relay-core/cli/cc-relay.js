#!/usr/bin/env node
// Plain JavaScript that any Node can read: an old one gets a sentence instead of a syntax error.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `cc-relay needs Node.js 24 or later; this is ${process.versions.node}. In its folder, "npm start" and "npm run relay -- <command>" bring their own.\n`,
  );
  process.exitCode = 2;
} else {
  await import('./main.ts');
}
