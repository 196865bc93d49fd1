/** The pages of the dashboard: hashed assets for ever, the page itself asked for each time, and its own addresses answered with it. */
import { basename } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { preferredType } from '../negotiation.ts';

const NOT_BUILT =
  'Tidemark answers under /v1/metrics. Its pages are not built: npm run -w @tidemark/dashboard build, then start the service again.\n';
/** Vite names what it bundles by its content: `index-Bvsna_-w.css`. */
const HASHED = /^[\w.-]+-[\w-]{8}\.\w+$/;
/** Addresses of pages have no file name at their end, and lie outside of the contract. */
const PAGE_ADDRESS = /^\/(?!v1(?:\/|$))[^.]*$/;

/** What there is of them in the folder; null adds nothing. */
export async function addPages(app: FastifyInstance, folder: string | null): Promise<void> {
  if (folder === null) return;
  await app.register(fastifyStatic, {
    root: folder,
    // Asked of the folder each time: pages that are built anew are there at once.
    wildcard: true,
    cacheControl: false,
    dotfiles: 'ignore',
    setHeaders: (reply, path) => {
      if (path.includes('/assets/') && HASHED.test(basename(path))) reply.header('cache-control', 'public, max-age=31536000, immutable');
    },
  });
}

/** Whether a browser asks for an address that only the pages know, such as `/figure/bookings?last=90`; anybody may ask for `/`. */
export function isPageAddress(request: FastifyRequest): boolean {
  const [path = ''] = (request.raw.url ?? '').split('?');
  if (path === '/') return true;
  return PAGE_ADDRESS.test(path) && preferredType(request.headers.accept, ['application/problem+json', 'text/html']) === 'text/html';
}

/** The page, or how to make it. */
export function sendPage(reply: FastifyReply, folder: string | null): FastifyReply {
  return folder === null ? reply.type('text/plain; charset=utf-8').send(NOT_BUILT) : reply.sendFile('index.html');
}
