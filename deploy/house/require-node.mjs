// Tells whether a Node can run the project's TypeScript from source, and the one sentence to print when it cannot.
// Even Node 14 must be able to read this file, so it keeps to the syntax of that age.

/** The first Node whose type stripping is on without a flag and complete enough for this code. */
const oldestMajor = 24;

/**
 * Whether this Node runs the project's TypeScript without a build.
 * @param {string} version as in process.versions.node, "24.21.0"
 */
export function isUsableNode(version) {
  return Number(version.split('.')[0]) >= oldestMajor;
}

/**
 * The sentence for somebody who came with another Node.
 * @param {string} version as in process.versions.node
 */
export function nodeAdvice(version) {
  return (
    'Tidemark needs Node ' +
    oldestMajor +
    ' and this is Node ' +
    version +
    ': run `npm ci` once in the project folder, which brings the right one, and start through npm (`npm start`, `npm test`, `npm run -s tidemark -- COMMAND`).'
  );
}
