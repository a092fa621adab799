// A GraphQL query as the Python client writes it -> one query of the engine's JSON protocol.
import { Kind, parse } from 'graphql';

import { QueryError } from './errors.mjs';
import { tagJsonArguments } from './json-arguments.mjs';

const ACTIONS = [
  'findUniqueOrThrow',
  'findUnique',
  'findFirstOrThrow',
  'findFirst',
  'findMany',
  'createManyAndReturn',
  'createMany',
  'createOne',
  'updateMany',
  'updateOne',
  'upsertOne',
  'deleteMany',
  'deleteOne',
  'aggregate',
  'groupBy',
];
const OR_THROW = 'OrThrow';
const RAW_ACTIONS = new Set(['queryRaw', 'executeRaw']);

/**
 * @typedef {object} Translation
 * @property {object} request the query in the JSON protocol
 * @property {string} key the name under which the caller expects the result
 * @property {Renaming | null} renaming the names of the result's fields, null where they are the engine's own
 *
 * @typedef {Map<string, { from: string, inner: Renaming | null }>} Renaming answer's name -> engine's name
 */

/**
 * @param {{ query: string, variables?: Record<string, unknown>, operationName?: string }} body
 * @param {import('./schema.mjs').Models} models
 * @returns {Translation}
 * @throws {QueryError} where the text is no query that the engine could be asked
 */
export function translateQuery({ query, variables, operationName }, models) {
  const operation = findOperation(query, operationName);
  const [field, ...others] = operation.selectionSet.selections;
  if (others.length) throw new QueryError('Expected one operation in a query: send several as a batch.');
  const name = asField(field).name.value;
  const { action, modelName } = splitName(name, models);
  const values = { ...defaultValues(operation), ...variables };
  const { renaming, ...fieldQuery } = translateField(field, models.get(modelName), values);
  // The engine's Rust code panics without them.
  if (RAW_ACTIONS.has(action)) fieldQuery.arguments = { parameters: '[]', ...fieldQuery.arguments };
  return { request: { modelName, action, query: fieldQuery }, key: field.alias?.value ?? name, renaming };
}

function findOperation(query, operationName) {
  let document;
  try {
    document = parse(query, { noLocation: true });
  } catch (error) {
    throw new QueryError(`Error parsing GraphQL query: ${error.message}`);
  }
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const operation = operationName ? operations.find(({ name }) => name?.value === operationName) : operations[0];
  if (!operation) throw new QueryError(`Operation '${operationName ?? ''}' does not match any query.`);
  return operation;
}

function defaultValues({ variableDefinitions = [] }) {
  const withDefault = variableDefinitions.filter(({ defaultValue }) => defaultValue);
  return Object.fromEntries(
    withDefault.map(({ variable, defaultValue }) => [variable.name.value, literal(defaultValue, {})]),
  );
}

// `findUniqueUserOrThrow` -> findUniqueOrThrow of User. A model's name decides where two readings are possible.
function splitName(name, models) {
  if (RAW_ACTIONS.has(name)) return { action: name };
  for (const action of ACTIONS) {
    const suffix = action.endsWith(OR_THROW) ? OR_THROW : '';
    const prefix = action.slice(0, action.length - suffix.length);
    const modelName = name.slice(prefix.length, name.length - suffix.length);
    if (name.startsWith(prefix) && name.endsWith(suffix) && models.has(modelName)) return { action, modelName };
  }
  throw new QueryError(`Operation '${name}' does not match any query.`, 'P2009');
}

function translateField(field, model, variables) {
  const args = Object.fromEntries(
    (field.arguments ?? []).map(({ name, value }) => [name.value, literal(value, variables)]),
  );
  return {
    arguments: model ? tagJsonArguments(args, model) : args,
    ...translateSelection(field.selectionSet?.selections ?? [], model, variables),
  };
}

function translateSelection(fields, model, variables) {
  const selection = {};
  const renaming = new Map();
  for (const field of fields) {
    const name = asField(field).name.value;
    const { renaming: inner, wanted } = translateSelected(field, relatedModel(model, name), variables);
    if (name in selection && JSON.stringify(selection[name]) !== JSON.stringify(wanted)) {
      throw new QueryError(`Field '${name}' is selected twice with different arguments, which this engine cannot do.`);
    }
    selection[name] = wanted;
    renaming.set(field.alias?.value ?? name, { from: name, inner });
  }
  const isRenamed = [...renaming].some(([name, { from, inner }]) => name !== from || inner);
  return { selection, renaming: isRenamed ? renaming : null };
}

function translateSelected(field, model, variables) {
  if (!field.selectionSet && !field.arguments?.length) return { renaming: null, wanted: true };
  const { renaming, ...wanted } = translateField(field, model, variables);
  return { renaming, wanted };
}

// `_count` selects relations of the model that it stands in.
const relatedModel = (model, name) => (name === '_count' ? model : model?.relations.get(name));

function asField(node) {
  if (node.kind !== Kind.FIELD) throw new QueryError('Unsupported feature: fragments.');
  return node;
}

function literal(node, variables) {
  switch (node.kind) {
    case Kind.INT:
      return integer(node.value);
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.NULL:
      return null;
    case Kind.ENUM:
      return { $type: 'Enum', value: node.value };
    case Kind.LIST:
      return node.values.map((value) => literal(value, variables));
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, literal(value, variables)]));
    case Kind.VARIABLE:
      return variables[node.name.value];
    default: // A string or a boolean.
      return node.value;
  }
}

function integer(text) {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  const exact = BigInt(text);
  if (exact !== BigInt.asIntN(64, exact)) {
    throw new QueryError(
      'A number used in the query does not fit into a 64 bit signed integer. Consider using `BigInt` as field type ' +
        "if you're trying to store large integers.",
      'P2033',
    );
  }
  return { $type: 'BigInt', value: text };
}
