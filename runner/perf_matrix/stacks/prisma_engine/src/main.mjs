// Puts the parts together and starts serving.
import { createAdapter, ErrorRegistry } from './adapter.mjs';
import { connectionError } from './errors.mjs';
import { Engine } from './engine.mjs';
import { endWithCallers } from './lifetime.mjs';
import { Metrics } from './metrics.mjs';
import { createPool } from './pool.mjs';
import { engineDatamodel, readModels } from './schema.mjs';
import { createServer } from './server.mjs';
import { Service } from './service.mjs';
import { readSettings, SettingsError } from './settings.mjs';

/** A reason not to start that its message explains in full. */
class StartError extends Error {}

/**
 * @param {string[]} argv arguments after the program's name
 * @param {Record<string, string | undefined>} env
 */
export async function main(argv, env) {
  try {
    await start(readSettings(argv, env));
  } catch (error) {
    const expected = error instanceof SettingsError || error instanceof StartError;
    console.error(`query-engine: ${expected ? error.message : error.stack}`);
    process.exit(1);
  }
}

async function start({ host, port, datamodel, database }) {
  const pool = createPool(database);
  const metrics = new Metrics(pool, () => performance.now());
  await checkConnection(pool, database);
  const errors = new ErrorRegistry();
  const reserved = [];
  const adapter = createAdapter({ pool, database, errors, metrics, reserved });
  const engine = await connectEngine({
    datamodel: engineDatamodel(datamodel),
    adapter,
    log: (line) => console.error(line),
  });
  const models = readModels(datamodel);
  const server = createServer(new Service({ engine, models, pool, reserved, errors, database, metrics }), metrics);
  surviveEnginePanics(engine);
  await listen(server, host, port);
  endWithCallers({ server, pool });
}

// The native engine, too, refuses to start without its database. The connection stays in the pool for the first query.
async function checkConnection(pool, database) {
  try {
    (await pool.connect()).release();
  } catch (error) {
    const [reason] = connectionError(error, database).message.split('\n');
    throw new StartError(`cannot connect to Postgres at ${database.address}: ${reason}`);
  }
}

async function connectEngine(options) {
  try {
    const engine = new Engine(options);
    await engine.connect();
    return engine;
  } catch (error) {
    throw new StartError(`the engine refuses the schema: ${error.message}`);
  }
}

function surviveEnginePanics(engine) {
  process.on('uncaughtException', (error) => {
    console.error(`query-engine: ${error.stack}`);
    if (!(error instanceof WebAssembly.RuntimeError)) process.exit(1);
    engine.failInFlight(error);
  });
}

function listen(server, host, port) {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code, message }) => {
      reject(new StartError(code === 'EADDRINUSE' ? `port ${port} on ${host} is already in use` : message));
    });
    server.listen(port, host, resolve);
  });
}
