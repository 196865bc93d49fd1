/** Certificates for one test: an authority, a server on loopback, and a client, made by openssl and gone with the folder. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  readonly caFile: string;
  /** Key and certificate in one file, as Kafka's PEM keystore takes them. */
  readonly serverStoreFile: string;
  readonly serverCertFile: string;
  readonly serverKeyFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
}

export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version']).status === 0;
}

/** `clientName` becomes the certificate's common name. */
export function makeCertificates(folder: string, clientName: string): Certificates {
  const at = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=test authority', '-keyout', at('ca-key.pem'), '-out', at('ca.pem'));
  for (const [name, subject, names] of [
    ['server', '/CN=localhost', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ['client', `/CN=${clientName}`, 'extendedKeyUsage=clientAuth'],
  ] as const) {
    openssl('req', ...key, '-subj', subject, '-keyout', at(`${name}-key.pem`), '-out', at(`${name}.csr`));
    writeFileSync(at(`${name}.ext`), `${names}\n`);
    const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial', '-days', '2', '-extfile', at(`${name}.ext`)];
    openssl('x509', '-req', '-in', at(`${name}.csr`), ...signed, '-out', at(`${name}.pem`));
  }
  writeFileSync(at('server-store.pem'), readFileSync(at('server-key.pem'), 'utf8') + readFileSync(at('server.pem'), 'utf8'));
  return {
    caFile: at('ca.pem'),
    serverStoreFile: at('server-store.pem'),
    serverCertFile: at('server.pem'),
    serverKeyFile: at('server-key.pem'),
    clientCertFile: at('client.pem'),
    clientKeyFile: at('client-key.pem'),
  };
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
}
