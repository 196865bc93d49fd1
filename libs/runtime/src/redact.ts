/** Takes credentials out of text that leaves the process, and bounds and cleans text that came from outside. */

/** What stands in the place of a secret. */
export const redacted = '[redacted]';

const secretNamePattern =
  /(?:^|[-_.])(?:authorization|cookie|password|passwd|passphrase|secret|token|api-?_?key|access-?_?key|private-?_?key|clickhouse-?_?key|credential)s?$/i;
const camelSecretNamePattern = /(?:Authorization|Cookie|Password|Passphrase|Secret|Token|ApiKey|AccessKey|PrivateKey|Credential)s?$/;
const secretParameterPattern = /([?&;#](?:password|passwd|secret|token|access_token|api_key|apikey|key)=)[^&;\s"']+/gi;
/** `password: x`, `"token":"x"`, `secret=x` inside other text, such as a quoted configuration or a body that a server echoes. */
const secretAssignmentPattern =
  /((?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|clickhouse[-_]?key)\\?["']?[ ]{0,4}[:=][ ]{0,4}\\?["']?)(?![ "'\\]|\*\*\*)[^\s"'\\,;&)}\]]+/gi;
/** A password before an address that was cut off or mistyped: `redis://user:secret`; what follows the colon of a right one is a port. */
const lostAddressPattern = /(\/\/[^\s/?#@:[\]"']{0,200}:)(?!\d{1,5}(?:[/?#,;:.)\]"'\s]|$))[^\s/?#@,"']+(?=[/?#,"'\s]|$)/g;
/** The project's own API keys begin so. */
const apiKeyPattern = /\btmk_[A-Za-z0-9_-]{8,}/g;
/** A signed token: three parts in base64url, of which the first is JSON. Unsigned ones end with the second point. */
const tokenPattern = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g;
const privateKeyPattern = /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?/g;
const authorizationSchemePattern = /\b(Bearer|Basic|Digest|Negotiate) {1,8}[A-Za-z0-9._~+/=-]{6,}/gi;

/** Whether a field, header or variable of this name holds a secret by the usual conventions: `authorization`, `redisPassword`, `API_KEY`. */
export function isSecretName(name: string): boolean {
  return secretNamePattern.test(name) || camelSecretNamePattern.test(name);
}

/** The URL with its user, password and secret parameters replaced by `***`. Of text without `//` all before the last `@` goes: it is a mistyped URL. */
export function redactUrl(url: string): string {
  const visible = url.includes('//') ? redactWord(url) : url.replace(/^.*@/s, '***@');
  return visible.replace(lostAddressPattern, '$1***').replace(secretParameterPattern, '$1***');
}

/** Free text without URL credentials, secret URL parameters, `Bearer …` or `Basic …` tokens, assigned secrets (`password: …`), signed tokens, private keys, and API keys of the project. Redacts too much rather than too little; linear in the text's length. */
export function redactText(text: string): string {
  const withoutCredentials = text.includes('//') ? text.replace(/\S+/g, redactWord) : text;
  return withoutCredentials
    .replace(lostAddressPattern, '$1***')
    .replace(secretParameterPattern, '$1***')
    .replace(authorizationSchemePattern, '$1 ***')
    .replace(secretAssignmentPattern, '$1***')
    .replace(apiKeyPattern, 'tmk_***')
    .replace(tokenPattern, '***')
    .replace(privateKeyPattern, '***');
}

/** A password may hold an unescaped `@`, `/`, `,` or space-free anything, so all between the first `//` and the last `@` goes. */
function redactWord(word: string): string {
  const start = word.indexOf('//');
  const end = word.lastIndexOf('@');
  return start === -1 || end < start + 2 ? word : `${word.slice(0, start + 2)}***${word.slice(end)}`;
}

/** Text of at most `maxChars` UTF-16 units; what is cut off is named by its length. Never leaves half a surrogate pair. */
export function boundText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${text.slice(0, maxChars).toWellFormed()}… (${text.length - maxChars} more characters)`;
}

// C0 and C1 controls, and the marks that reorder or hide what a reader of the terminal sees.
const unprintablePattern = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** One line of text that is safe to print on a terminal: no control, escape or direction characters (each becomes `\u{…}`), bounded. */
export function printable(text: string, maxChars = 500): string {
  const bounded = boundText(text, maxChars);
  return bounded.replace(unprintablePattern, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
}
