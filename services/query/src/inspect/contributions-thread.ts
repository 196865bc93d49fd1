/** The thread that computes one actor's contributions, answers, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { contributionsOf } from '@tidemark/pipeline';

parentPort?.postMessage(contributionsOf(workerData));
