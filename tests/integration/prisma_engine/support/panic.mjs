// Run by a test in a process of its own: drives the engine's core into a panic and prints what became of each call.
import { engineModule } from './engine.mjs';

const { Engine } = await engineModule('engine.mjs');
const { engineDatamodel } = await engineModule('schema.mjs');

const datamodel = 'datasource db {\n provider = "postgresql"\n url = ""\n}\nmodel A {\n id Int @id\n}\n';
const adapter = { provider: 'postgres', getConnectionInfo: () => ({ ok: true, value: {} }) };
const core = new Engine({ datamodel: engineDatamodel(datamodel), adapter, log() {} });
await core.connect();
process.on('uncaughtException', (error) => core.failInFlight(error));
// Ids shorter than the engine's own make it panic; the service lets none through.
const panic = await core.rollbackTransaction('short').catch((error) => error.constructor.name);
const { errors } = await core.query({
  modelName: 'A',
  action: 'findMany',
  query: { arguments: {}, selection: { nope: true } },
});
console.log(JSON.stringify({ panic, later: errors[0].user_facing_error.error_code }));
