// A Prisma connection string -> what the pool and the Postgres client need to know.
import { cpus } from 'node:os';

const PROTOCOLS = new Set(['postgres:', 'postgresql:']);
// The modes in which Prisma goes without TLS when the server does not offer it.
const PLAIN_SSL_MODES = new Set(['disable', 'allow', 'prefer']);

/**
 * @typedef {object} Database
 * @property {object} client settings of one connection, as `pg.Client` takes them
 * @property {string} schema the Postgres schema that holds the models' tables
 * @property {number} connectionLimit most connections open at a time
 * @property {number} poolTimeoutMs longest wait for a free connection; 0 waits for ever
 * @property {string} address host and port for error messages, never credentials
 */

/**
 * @param {string} text e.g. `postgresql://me:secret@localhost:5432/db?schema=public&connection_limit=10`
 * @returns {Database}
 * @throws {Error} when it is not a Postgres URL, or asks for TLS
 */
export function parseDatabaseUrl(text) {
  const url = asUrl(text);
  const parameters = url.searchParams;
  const sslmode = parameters.get('sslmode') ?? 'prefer';
  if (!PLAIN_SSL_MODES.has(sslmode)) {
    throw new Error(`sslmode=${sslmode} is not supported: this engine connects without TLS`);
  }
  const schema = parameters.get('schema') || 'public';
  // A path in `host=` is the folder of a Unix socket, as in libpq.
  const host = parameters.get('host') || decodeURIComponent(url.hostname) || 'localhost';
  const port = Number(url.port || 5432);
  return {
    client: {
      host,
      port,
      user: decodeURIComponent(url.username) || undefined,
      password: decodeURIComponent(url.password) || undefined,
      database: decodeURIComponent(url.pathname.slice(1)) || undefined,
      application_name: parameters.get('application_name') ?? undefined,
      connectionTimeoutMillis: 1000 * wholeNumber(parameters, 'connect_timeout', 5),
      options: startupOptions(schema, parameters.get('options')),
    },
    schema,
    connectionLimit: wholeNumber(parameters, 'connection_limit', cpus().length * 2 + 1) || 1,
    poolTimeoutMs: 1000 * wholeNumber(parameters, 'pool_timeout', 10),
    address: `${host}:${port}`,
  };
}

function asUrl(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new Error('the database URL cannot be parsed: are special characters in the password percent-encoded?');
  }
  if (!PROTOCOLS.has(url.protocol)) throw new Error('the database URL must start with postgresql:// or postgres://');
  return url;
}

function wholeNumber(parameters, name, otherwise) {
  const text = parameters.get(name);
  if (text === null) return otherwise;
  if (!/^\d+$/.test(text)) throw new Error(`${name} in the database URL must be a whole number, got ${text}`);
  return Number(text);
}

// Raw SQL finds unqualified tables in `schema`. As a start-up option it costs no statement per connection.
function startupOptions(schema, given) {
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  const searchPath = `-c search_path=${quoted.replace(/[\\ ]/g, '\\$&')}`;
  return given ? `${searchPath} ${given}` : searchPath;
}
