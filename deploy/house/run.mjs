// Starts a TypeScript entry point under the project's Node, or says in one sentence what to do instead: `node deploy/house/run.mjs FILE ARG…`.
// Even Node 14 must be able to read this file, so it keeps to the syntax of that age.
import { createRequire } from 'node:module';
import process from 'node:process';
import { isUsableNode, nodeAdvice } from './require-node.mjs';

if (isUsableNode(process.versions.node)) {
  // The entry point sees itself as the main module, with its own arguments; signals reach it without a shell or a parent in between.
  process.argv.splice(1, 1);
  createRequire(import.meta.url)('module').runMain(process.argv[1]);
} else {
  process.stderr.write(nodeAdvice(process.versions.node) + '\n');
  process.exitCode = 4;
}
