// The clients of the load test, in a process of their own: PORT COUNT. Says `connected` once all have their snapshots, then `all N` when each has the N-th change.
import { connect } from 'node:net';

const [port = '', count = ''] = process.argv.slice(2);
const clients = Number(count);
const REQUEST = 'GET /v1/live?metrics=orders,back HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';
let ready = 0;
const seen: number[] = [];

// One that asks and never reads.
const stuck = connect({ host: '127.0.0.1', port: Number(port) });
stuck.pause();
stuck.write(REQUEST);

for (let client = 0; client < clients; client++) {
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  let snapshots = 0;
  let changes = 0;
  let text = '';
  socket.setEncoding('latin1');
  socket.write(REQUEST);
  socket.on('data', (chunk) => {
    text += String(chunk);
    const events = [...text.matchAll(/^event: (\w+)\r?\n(?:.*)\n\r?\n/gm)];
    const last = events.at(-1);
    if (last === undefined) return;
    text = text.slice(last.index + last[0].length);
    for (const [, name] of events) {
      if (name === 'snapshot' && snapshots < 2) {
        snapshots++;
        if (snapshots === 2 && ++ready === clients) console.log('connected');
      } else {
        changes++;
        // Both figures change with every order.
        if (changes % 2 !== 0) continue;
        const turn = changes / 2;
        seen[turn] = (seen[turn] ?? 0) + 1;
        if (seen[turn] === clients) console.log(`all ${turn}`);
      }
    }
  });
}
setTimeout(() => process.exit(0), 60_000);
