// Command line and environment -> settings. Reads the schema file; touches nothing else.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { parseDatabaseUrl } from './database-url.mjs';
import { datasourceUrl } from './schema.mjs';

/** A mistake of whoever started the engine: reported as one line, without a stack. */
export class SettingsError extends Error {}

const OPTIONS = {
  port: { type: 'string', short: 'p' },
  host: { type: 'string', short: 'H', default: '127.0.0.1' },
  // Accepted because the native engine's callers pass them; both features are always on here.
  'enable-metrics': { type: 'boolean' },
  'enable-raw-queries': { type: 'boolean' },
};

/**
 * @typedef {object} Settings
 * @property {number} port
 * @property {string} host
 * @property {string} datamodel the text of schema.prisma
 * @property {import('./database-url.mjs').Database} database
 */

/**
 * @param {string[]} argv arguments after the program's name
 * @param {Record<string, string | undefined>} env
 * @returns {Settings}
 * @throws {SettingsError} naming the option or variable that is missing or wrong
 */
export function readSettings(argv, env) {
  const options = parseOptions(argv);
  const datamodel = readDatamodel(env.PRISMA_DML_PATH);
  const url = overriddenUrl(env.OVERWRITE_DATASOURCES) ?? datasourceUrl(datamodel, env);
  if (!url) throw new SettingsError('no database URL: set DATABASE_URL or OVERWRITE_DATASOURCES');
  try {
    return { ...options, datamodel, database: parseDatabaseUrl(url) };
  } catch (error) {
    throw new SettingsError(error.message);
  }
}

function parseOptions(argv) {
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options: OPTIONS }));
  } catch (error) {
    throw new SettingsError(error.message);
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new SettingsError(`-p needs a port between 1 and 65535, got ${values.port ?? 'nothing'}`);
  }
  return { port, host: values.host };
}

function readDatamodel(path) {
  if (!path) throw new SettingsError('PRISMA_DML_PATH is not set: it names the schema.prisma to serve');
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SettingsError(`cannot read PRISMA_DML_PATH: ${error.message}`);
  }
}

function overriddenUrl(json) {
  if (!json) return undefined;
  try {
    return JSON.parse(json)[0]?.url;
  } catch (error) {
    throw new SettingsError(`OVERWRITE_DATASOURCES is not JSON: ${error.message}`);
  }
}
