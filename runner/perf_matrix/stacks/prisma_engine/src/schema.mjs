// What the engine has to know of schema.prisma: where Json fields are, and how to reach them over relations.

const BLOCK = /^[ \t]*(model|view|generator|datasource)[ \t]+(\w+)[ \t]*\{([\s\S]*?)^[ \t]*\}/gm;
const FIELD = /^[ \t]*(\w+)[ \t]+(\w+)/gm;

/**
 * @typedef {object} Model
 * @property {Set<string>} scalars every field that is no relation
 * @property {Set<string>} json those of them that hold Json, alone or as a list
 * @property {Map<string, Model>} relations field -> related model
 *
 * @typedef {Map<string, Model>} Models
 */

/**
 * @param {string} datamodel the text of schema.prisma
 * @returns {Models}
 */
export function readModels(datamodel) {
  const bodies = blocks(datamodel).filter(({ kind }) => kind === 'model' || kind === 'view');
  const models = new Map(
    bodies.map(({ name }) => [name, { scalars: new Set(), json: new Set(), relations: new Map() }]),
  );
  for (const { name, body } of bodies) readFields(body, models.get(name), models);
  return models;
}

function readFields(body, model, models) {
  for (const [, field, type] of withoutComments(body).matchAll(FIELD)) {
    const related = models.get(type);
    if (related) model.relations.set(field, related);
    else model.scalars.add(field);
    if (type === 'Json') model.json.add(field);
  }
}

/**
 * The URL that the datasource block names, directly or by an environment variable.
 *
 * @param {string} datamodel
 * @param {Record<string, string | undefined>} env
 * @returns {string | undefined}
 */
export function datasourceUrl(datamodel, env) {
  const source = blocks(datamodel).find(({ kind }) => kind === 'datasource');
  const [, variable, literal] = source?.body.match(/^\s*url\s*=\s*(?:env\("([^"]+)"\)|"([^"]+)")/m) ?? [];
  return variable ? env[variable] : literal;
}

/**
 * The datamodel as the WebAssembly engine accepts it: it insists on one JavaScript client generator with the
 * `driverAdapters` preview feature. Preview features of the original generators are kept, since they change queries.
 *
 * @param {string} datamodel
 * @returns {string}
 */
export function engineDatamodel(datamodel) {
  const generators = blocks(datamodel).filter(({ kind }) => kind === 'generator');
  const features = new Set(generators.flatMap(({ body }) => previewFeatures(withoutComments(body))));
  features.add('driverAdapters');
  const list = [...features].map((feature) => JSON.stringify(feature)).join(', ');
  const generator = `generator client {\n  provider = "prisma-client-js"\n  previewFeatures = [${list}]\n}\n`;
  return generators.reduce((text, { source }) => text.replace(source, ''), datamodel) + '\n' + generator;
}

function previewFeatures(body) {
  const [, list = ''] = body.match(/previewFeatures\s*=\s*\[([^\]]*)\]/) ?? [];
  return [...list.matchAll(/"(\w+)"/g)].map(([, feature]) => feature);
}

function blocks(datamodel) {
  return [...datamodel.matchAll(BLOCK)].map(([source, kind, name, body]) => ({ source, kind, name, body }));
}

// Only whole-line and trailing comments; a `//` inside a string, as in a URL, follows a colon.
function withoutComments(body) {
  return body.replace(/(^|[^:"])\/\/.*$/gm, '$1');
}
